import { join } from 'node:path';
import { DataverseSourceSchema } from '../../../src/config/dataverse-config';
import { secretResolver } from '../../../src/config/secrets';
import { openSource } from '../../../src/sources';

// Extracts a segment, for a test that kills it.
async function extract([input = '']: readonly string[]): Promise<void> {
  const { folder, source } = JSON.parse(input) as { folder: string; source: object };
  const opened = await openSource(DataverseSourceSchema.parse(source), {
    baseFolder: folder,
    memoryLimit: '128MB',
    scratch: join(folder, 'scratch'),
    secrets: secretResolver(folder),
  });
  await opened.extract({ attributes: ['msdynci_email'], segments: ['all'], into: folder });
}

void extract(process.argv.slice(3));
