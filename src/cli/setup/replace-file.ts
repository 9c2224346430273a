import { readFile, realpath, stat } from 'node:fs/promises';
import { loadConfig, type LoadedConfig } from '../../config/config-file';
import { writeWhole } from '../../config/write-whole';
import { ExportError } from '../../errors';
import { requireWorking } from '../config/require-working';

/**
 * Replaces the configuration file, in one step and only with one that works: a process that dies leaves the earlier or the later file.
 * @param part what is checked: a problem of another part was there before
 * @throws ExportError CONFIG_INVALID; INPUT_INVALID where the file has changed since it was read
 */
export async function replaceFile(
  { path, text: before }: { readonly path: string; readonly text: string },
  after: string,
  part: (at: string) => boolean,
): Promise<LoadedConfig> {
  // A link stays one.
  const file = await realpath(path);
  if ((await readFile(file, 'utf8')) !== before) {
    throw new ExportError(
      'INPUT_INVALID',
      `${path} was changed by another program while the setup asked, so nothing was changed. Run the setup again.`,
    );
  }
  if (after === before) return loadConfig(path);
  const { mode } = await stat(file);
  await writeWhole(file, after, { mode, check: (fresh) => requireWorking(fresh, part) });
  return loadConfig(path);
}
