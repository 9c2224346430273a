import type { ExportClient } from '../../client';
import type { Config } from '../../config/config';
import type { DestinationView } from '../../contract/destination-view';
import { isOutage } from '../../errors';
import type { Invocation } from '../shell/invocation';

type InFile = Config['destinations'][string];

/**
 * Says where the configuration file has other settings than the export will use.
 * @throws ExportError WORKER_NOT_RUNNING, TEMPORAL_UNREACHABLE, as the request that follows would
 */
export async function sayWhereFileDiffers(
  { terminal }: Invocation,
  client: ExportClient,
  { destinationId, config }: { readonly destinationId: string; readonly config: Config | undefined },
): Promise<void> {
  const inFile = config?.destinations[destinationId];
  if (!inFile) return;
  const view = await client.describe(destinationId).catch((error: unknown) => {
    // Otherwise the request that follows would wait for the same answer.
    if (isOutage(error)) throw error;
  });
  if (view?.phase !== 'configured') return;
  const command = (verb: string) => `temporal-mailchimp destination ${verb} ${destinationId}`;
  for (const [verb, names] of [
    ['connect', connectDiffers(view, inFile)],
    ['configure', configureDiffers(view, inFile)],
  ] as const) {
    if (names.length === 0) continue;
    terminal.err(
      `The configuration file has other settings for ${destinationId} (${names.join(', ')}) than it was ${verb}${verb === 'connect' ? 'ed' : 'd'} with. ` +
        `To use those of the file: ${command(verb)}`,
    );
  }
}

function connectDiffers(view: DestinationView, { connect }: InFile): string[] {
  const { name, account, source, statusIfNew, labels } = view;
  return differing(connect, { name, account, source, statusIfNew, labels, audienceId: view.audience.id });
}

function configureDiffers({ configuration }: DestinationView, { configure }: InFile): string[] {
  if (!configuration || !configure) return [];
  const { email, strict, optedOut, latest, latestFormat, fields, segments, guards, staleAfterHours } =
    configuration;
  const { adoptTags: _, latest: by, ...inFile } = configure;
  const names = new Map(segments.map(({ segment, tag }) => [segment, tag]));
  return differing(
    {
      ...inFile,
      latest: typeof by === 'object' ? by : { attribute: by },
      fields: Object.entries(inFile.fields).map(([tag, field]) => ({
        tag,
        ...(typeof field === 'string' ? { attribute: field, empty: 'clear' } : field),
      })),
      // Without a name, the tag has that of the segment, which only the source knows.
      segments: Object.entries(inFile.segments).map(([segment, tag]) => ({
        segment,
        tag: tag?.trim().normalize('NFC') ?? names.get(segment),
      })),
    },
    {
      email,
      strict,
      optedOut,
      guards,
      staleAfterHours,
      latest: { attribute: latest ?? undefined, format: latestFormat },
      fields: fields.map(({ field: { tag }, attribute, empty, format, decimal }) => ({
        tag,
        attribute,
        empty,
        format,
        decimal,
      })),
      segments: segments.map(({ segment, tag }) => ({ segment, tag })),
    },
  );
}

function differing(
  inFile: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(now).filter((name) => toText(inFile[name]) !== toText(now[name]));
}

/** The order of names and of entries does not matter. */
function toText(value: unknown): string | undefined {
  if (Array.isArray(value))
    return value
      .map((part) => toText(part) ?? '')
      .toSorted()
      .join();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return entries
    .map(([name, part]) => `${name}=${toText(part)}`)
    .toSorted()
    .join();
}
