import type { ExportClient } from '../../client';
import type { Config } from '../../config/config';
import type { DestinationView } from '../../contract/destination-view';
import type { ConfigureRequest } from '../../contract/destination';
import { emailsOf, nameOfValue, requestedFields, requestedGroups } from '../../contract/requested-matching';
import { isOutage } from '../../errors';
import { settingsOf } from '../destination/edited-settings';
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
  const { consentProof } = connect;
  const now = { name, account, source, statusIfNew, labels, audienceId: view.audience.id };
  // One that the command line gave is not in the file.
  return differing(connect, consentProof === undefined ? now : { ...now, consentProof: view.consent?.proof });
}

function configureDiffers(view: DestinationView, { configure }: InFile): string[] {
  const { configuration } = view;
  if (!configuration || !configure) return [];
  // Without a name, the tag has that of the segment, which only the source knows.
  const tags = new Map(configuration.segments.map(({ segment, tag }) => [segment, tag]));
  return differing(comparable(configure, tags), comparable(settingsOf(view, configuration).configure, tags));
}

/** Settings in a form in which two that mean the same are equal. */
function comparable(
  request: ConfigureRequest,
  tags: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> {
  // A permission for one time is no setting.
  const { adoptTags: _, ...settings } = request;
  const { latest, language, addOnlyIf, signup, segments } = settings;
  return {
    ...settings,
    approval: settings.approval ?? { by: 'anyone' },
    rejects: settings.rejects ?? {},
    email: emailsOf(settings).map(nameInOrder),
    latest: typeof latest === 'object' ? latest : { attribute: latest },
    fields: requestedFields(settings),
    groups: requestedGroups(settings).map((group) => ({ ...group, name: group.name.toLowerCase() })),
    language: language && nameOfValue(language),
    addOnlyIf: addOnlyIf && nameOfValue(addOnlyIf),
    signup: signup && { ip: signup.ip && nameOfValue(signup.ip), at: signup.at && nameOfValue(signup.at) },
    segments: Object.entries(segments).map(([segment, tag]) => ({
      segment,
      tag: tag?.trim().normalize('NFC') ?? tags.get(segment),
    })),
  };
}

/** Of addresses, the order matters. */
function nameInOrder(name: string, index: number): readonly [number, string] {
  return [index, name];
}

function differing(
  inFile: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set([...Object.keys(now), ...Object.keys(inFile)]);
  return [...names].filter((name) => toText(inFile[name]) !== toText(now[name]));
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
