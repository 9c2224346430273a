import { ConnectSettingsSchema, type ConnectInput, type DestinationView } from '../../contract/destination';
import { parseOptions } from '../shell/parse-options';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { describeConnection } from '../text/destination';
import type { Config } from '../../config/config';
import { readSettings } from '../shell/settings';
import { obtainConsent, type ConsentOptions } from './consent';

interface ConnectOptions extends ConsentOptions {
  readonly name?: string;
  readonly account?: string;
  readonly audience?: string;
  readonly source?: string;
  readonly statusIfNew?: string;
  readonly exportUser?: string;
  readonly adopt?: boolean;
}

export async function connectDestination(
  invocation: Invocation,
  destinationId: string,
  options: ConnectOptions,
): Promise<undefined> {
  const { config } = await readSettings(invocation.options);
  const settings = mergeSettings(destinationId, config, options);
  const consent = await obtainConsent(invocation, options);
  const exportUser = options.exportUser ?? consent.agreedBy;
  const input: ConnectInput = { ...settings, consent, exportUser, adopt: options.adopt ?? false };
  const view: DestinationView = await withClient(invocation, (client) =>
    client.connect(destinationId, input),
  );
  print(invocation, { json: view, text: (page) => describeConnection(view, page) });
}

const OPTIONS = {
  name: '--name',
  account: '--account',
  audienceId: '--audience',
  source: '--source',
  statusIfNew: '--status-if-new',
};

/** The settings of the file, overridden by options. An error names each missing setting and where to set it. */
function mergeSettings(destinationId: string, config: Config | undefined, options: ConnectOptions) {
  const { name, account, audience: audienceId, source, statusIfNew } = options;
  const overrides = Object.entries({ name, account, audienceId, source, statusIfNew }).filter(
    ([, value]) => value !== undefined,
  );
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
