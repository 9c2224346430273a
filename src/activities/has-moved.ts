import type { DestinationView } from '../contract/destination-view';
import type { ActivityDependencies } from './dependencies';
import { exportVersion } from './rules/export-version';
import { sourceVersion } from './rules/source-version';

/** A destination as it is configured now, with its baseline. */
export type Asked = Pick<
  DestinationView,
  'destinationId' | 'source' | 'statusIfNew' | 'configuration' | 'baseline' | 'stale'
>;

type Needed = Pick<ActivityDependencies, 'openSource' | 'staging'>;

/**
 * Whether an export may have something to do: source, matching or segments are not known to be as at the last complete export; a late
 * write or a lifted refusal waits for the next one; or the destination is stale. False only where all of that is known, so an error of the
 * source is true: the export then says what is wrong. What has changed at Mailchimp does not count.
 *
 * Needs the store of the destination. Changes nothing.
 * @throws ExportError where the store fails
 */
export async function hasMoved(
  { openSource, staging }: Needed,
  destination: Asked,
  signal?: AbortSignal,
): Promise<boolean> {
  const { destinationId, baseline, stale } = destination;
  if (!baseline?.version || stale) return true;
  // The next export reads who carries it, and tags the others.
  if (destination.configuration?.segments.some(({ isAdopted }) => isAdopted)) return true;
  const version = await currentVersion({ openSource }, destination, signal);
  if (version !== baseline.version) return true;
  return staging.needsExport({ destinationId, exportId: baseline.exportId });
}

/** The version that an export would have now. Undefined: not known. */
async function currentVersion(
  { openSource }: Pick<Needed, 'openSource'>,
  { source: name, statusIfNew, configuration }: Asked,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (!configuration) return undefined;
  const segments = configuration.segments.map(({ segment }) => segment);
  try {
    const source = await openSource(name);
    try {
      const version = await sourceVersion(source, { segments, signal });
      return version === undefined
        ? undefined
        : exportVersion({ source: { name, version }, statusIfNew, configuration });
    } finally {
      await source.close();
    }
  } catch {
    return undefined;
  }
}
