import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { ExportError } from '../../errors';
import { requireWorking } from '../config/require-working';

/** Under a name of its own until it is checked, so that a file that does not work is never left behind, and two runs do not take the same one. */
export async function writeChecked(file: string, text: string, force: boolean): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(fresh, text, { flag: 'wx' });
    await requireWorking(fresh);
    if (force) await rename(fresh, file);
    else await link(fresh, file);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(file) : error;
  } finally {
    await rm(fresh, { force: true });
  }
}

export function exists(file: string): ExportError {
  return new ExportError(
    'INPUT_INVALID',
    `${file} exists already. Overwrite it with --force, or write another file with --config.`,
  );
}
