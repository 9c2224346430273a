import { ExportError } from '../../errors';
import { addressOfDev } from '../shell/running-dev';
import type { Settings } from '../shell/settings';

/**
 * For a worker beside `dev` that finds no server: it does not use that of `dev`, since it would send to Mailchimp what `dev` sends to its sandbox.
 * Undefined: no `dev` runs there, or the error is another one.
 */
export async function besideDev(error: unknown, settings: Settings): Promise<ExportError | undefined> {
  if (!(error instanceof ExportError) || error.code !== 'TEMPORAL_UNREACHABLE') return undefined;
  const address = await addressOfDev(settings);
  if (address === undefined) return undefined;
  return new ExportError(
    'TEMPORAL_UNREACHABLE',
    `No Temporal server answers at ${settings.temporal.address}. dev runs in the folder of the configuration file, with a Temporal server at ${address} and a worker ` +
      'of its own, so none is needed here. For a worker of another server, set its address with --address, TEMPORAL_ADDRESS or temporal.address.',
    { cause: error },
  );
}
