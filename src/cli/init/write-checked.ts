import { link, rename, rm, writeFile } from 'node:fs/promises';
import { loadConfig } from '../../config/config-file';
import { ExportError } from '../../errors';
import { describeProblems, findConfigProblems } from '../config/problems';

/** Under another name until it is checked, so that a file that does not work is never left behind. */
export async function writeChecked(file: string, text: string, force: boolean): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text);
  try {
    const { config, baseFolder } = await loadConfig(fresh);
    // The key may be set later, and dev needs none.
    const problems = (await findConfigProblems(config, baseFolder)).filter(
      ({ code }) => code !== 'SECRET_UNAVAILABLE',
    );
    if (problems.length > 0) {
      throw new ExportError(
        'CONFIG_INVALID',
        `With these answers the configuration does not work:\n${describeProblems(problems)}`,
      );
    }
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
