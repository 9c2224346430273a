import type { Config } from '../../config/config';
import { stagingInFolder } from '../../config/staging-in-folder';
import { ExportError } from '../../errors';
import type { StagingReader } from '../../staging';
import { stagingIn } from '../dev/dev-folder';
import { lazy } from '../lazy';
import type { Invocation } from './invocation';
import { DEV_FOLDER, requireConfig } from './settings';

/**
 * Opens the store with the rows of a destination, since rows never pass through Temporal.
 * @throws ExportError STAGING_NOT_REACHABLE
 */
export async function openStoreOf(
  { options }: Invocation,
  { destinationId, storeId }: { readonly destinationId: string; readonly storeId: string },
): Promise<StagingReader> {
  const { config, baseFolder } = await requireConfig(options);
  for (const staging of stagings(config)) {
    const reader = await lazy.reading().readStaging(staging, baseFolder);
    if (reader && [reader.storeId, ...reader.formerIds].includes(storeId)) return reader;
  }
  throw new ExportError(
    'STAGING_NOT_REACHABLE',
    `The rows of ${destinationId} are in the staging store ${storeId}, which is not the store in ${lazy.reading().addressOf(config.staging)}. Run ` +
      'this command on the machine of the worker that uses that store, with its configuration file.',
    { details: { storeId } },
  );
}

/** Of the worker and of `temporal-mailchimp dev`. */
function stagings({ staging }: Config): Config['staging'][] {
  return [staging, stagingInFolder(staging, stagingIn(DEV_FOLDER))];
}
