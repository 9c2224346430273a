import { open } from 'node:fs/promises';
import type { Layout } from './layout';
import { makeFolder, readText } from './atomic-files';

/** Who agreed to what, and who withdrew: kept when Temporal's history is gone. An entry that is there already is not repeated. */
export async function recordConsent(
  layout: Layout,
  destinationId: string,
  entry: Readonly<Record<string, string>>,
): Promise<void> {
  await makeFolder(layout.destination(destinationId));
  const path = layout.consents(destinationId);
  const line = JSON.stringify(entry);
  const known = (await readText(path)) ?? '';
  if (known.split('\n').includes(line)) return;
  // A process that died while writing leaves a line without its end.
  const start = known === '' || known.endsWith('\n') ? '' : '\n';
  const file = await open(path, 'a', 0o600);
  try {
    await file.chmod(0o600);
    await file.appendFile(`${start}${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
