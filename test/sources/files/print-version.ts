import { join } from 'node:path';
import { secretResolver } from '../../../src/config/secrets';
import { FilesSourceSchema } from '../../../src/config/source-config';
import { openSource } from '../../../src/sources';

// Prints the version of a source, for a test that compares processes.
async function print([input = '']: readonly string[]): Promise<void> {
  const { folder, source } = JSON.parse(input) as { folder: string; source: object };
  const config = FilesSourceSchema.parse({ kind: 'files', ...source });
  const options = {
    baseFolder: folder,
    memoryLimit: '128MB',
    scratch: join(folder, 'scratch'),
    secrets: secretResolver(folder),
  };
  const opened = await openSource(config, options);
  process.stdout.write((await opened.version?.({ segments: Object.keys(config.segments) })) ?? '');
  await opened.close();
}

void print(process.argv.slice(3));
