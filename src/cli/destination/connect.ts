import {
  ConnectSettingsSchema,
  whyNotCovered,
  type ConnectInput,
  type ConnectRequest,
} from '../../contract/destination';
import type { DestinationView } from '../../contract/destination-view';
import type { ExportClient } from '../../client';
import { ExportError, type ExportErrorCode } from '../../errors';
import { parseOptions } from '../shell/parse-options';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { describeConnection } from '../text/destination';
import type { Config } from '../../config/config';
import { readSettings } from '../shell/settings';
import { explainEarlierFile } from './earlier-file';
import { obtainConsent, type ConsentOptions } from './consent';

interface ConnectOptions extends ConsentOptions {
  readonly name?: string;
  readonly account?: string;
  readonly audience?: string;
  readonly source?: string;
  readonly statusIfNew?: string;
  readonly consentProof?: string;
  readonly label?: readonly string[];
  readonly exportUser?: string;
  readonly adopt?: boolean;
}

export async function connectDestination(
  invocation: Invocation,
  destinationId: string,
  options: ConnectOptions,
): Promise<undefined> {
  const { config } = await readSettings(invocation.options);
  // Before a server is asked: what is missing is found without one.
  mergeSettings(destinationId, config, options);
  const view: DestinationView = await withClient(invocation, (client) =>
    connectWith(invocation, client, { destinationId, config, options }),
  );
  print(invocation, { json: view, text: (page) => describeConnection(view, page) });
}

interface Connecting {
  readonly destinationId: string;
  readonly config: Config | undefined;
  readonly options: ConnectOptions;
}

/** Connects with the settings of the file and of options; asks for consent where the recorded one does not cover them. */
export async function connectWith(
  invocation: Invocation,
  client: ExportClient,
  { destinationId, config, options }: Connecting,
): Promise<DestinationView> {
  const settings = mergeSettings(destinationId, config, options);
  const { exportUser, agree } = options;
  const why = agree ? NOT_AGREED : await whyAsk(client, destinationId, settings);
  const consent = why === undefined ? undefined : await obtainConsent(invocation, options, why);
  const input: ConnectInput = {
    ...settings,
    ...(consent && { consent }),
    ...(exportUser !== undefined && { exportUser }),
    adopt: options.adopt ?? false,
  };
  return explainEarlierFile(client.connect(destinationId, input), config, settings);
}

const NOT_CONNECTED = new Set<ExportErrorCode>(['DESTINATION_NOT_FOUND', 'DESTINATION_REMOVED']);

const NOT_AGREED = 'it needs consent';

/** Why the settings need a new agreement; undefined: the recorded consent of a connected destination covers them. */
export async function whyAsk(
  client: ExportClient,
  destinationId: string,
  settings: Pick<ConnectRequest, 'source' | 'statusIfNew'>,
): Promise<string | undefined> {
  try {
    return whyNotCovered(await client.describe(destinationId), settings);
  } catch (error) {
    if (error instanceof ExportError && NOT_CONNECTED.has(error.code)) return NOT_AGREED;
    throw error;
  }
}

const OPTIONS = {
  name: '--name',
  account: '--account',
  audienceId: '--audience',
  source: '--source',
  statusIfNew: '--status-if-new',
  consentProof: '--consent-proof',
  labels: '--label',
};

/** The settings of the file, overridden by options. An error names each missing setting and where to set it. */
function mergeSettings(destinationId: string, config: Config | undefined, options: ConnectOptions) {
  const { name, account, audience: audienceId, source, statusIfNew, consentProof, label: labels } = options;
  const given = { name, account, audienceId, source, statusIfNew, consentProof, labels };
  const overrides = Object.entries(given).filter(([, value]) => value !== undefined);
  const merged = { ...config?.destinations[destinationId]?.connect, ...Object.fromEntries(overrides) };
  return parseOptions(ConnectSettingsSchema, merged, {
    what: `The destination "${destinationId}" was not connected${namesOf(config, destinationId)}`,
    options: OPTIONS,
    section: `destinations.${destinationId}.connect`,
  });
}

/** Lists the known names: a mistyped name is more likely than a destination without an entry in the file. */
function namesOf(config: Config | undefined, destinationId: string): string {
  const names = Object.keys(config?.destinations ?? {});
  return names.length === 0 || names.includes(destinationId)
    ? ''
    : ` (the configuration file has: ${names.join(', ')})`;
}
