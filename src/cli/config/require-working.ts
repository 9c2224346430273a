import { loadConfig } from '../../config/config-file';
import { ExportError } from '../../errors';
import { describeProblems, findConfigProblems } from './problems';

/**
 * Checks a file that was made of answers, before it gets the name of the configuration file.
 * @param part what is checked; a problem of another part was there before
 * @throws ExportError CONFIG_INVALID
 */
export async function requireWorking(
  file: string,
  part: (at: string) => boolean = () => true,
): Promise<void> {
  const { config, baseFolder } = await loadConfig(file);
  const problems = await findConfigProblems(config, baseFolder);
  // A key may be set later, or for the worker only, and dev needs none.
  const ours = problems.filter(({ at, code }) => part(at) && code !== 'SECRET_UNAVAILABLE');
  if (ours.length === 0) return;
  throw new ExportError(
    'CONFIG_INVALID',
    `With these answers the configuration does not work:\n${describeProblems(ours)}`,
  );
}
