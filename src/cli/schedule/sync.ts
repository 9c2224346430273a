import type { ExportClient, SyncedSchedule } from '../../client';
import type { Config } from '../../config/config';
import type { ScheduleSettings } from '../../contract/schedule';
import { ExportError } from '../../errors';
import { listOf } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { requireConfig } from '../shell/settings';
import { withClient } from '../shell/temporal';

const SENTENCES: Readonly<Record<SyncedSchedule['result'], (name: string) => string>> = {
  created: (name) => `${name}: created`,
  changed: (name) => `${name}: changed`,
  unchanged: (name) => `${name}: as it is`,
  deleted: (name) => `${name}: deleted, since the file has no schedule for it`,
  none: (name) => `${name}: no schedule`,
  kept: (name) => `${name}: left as it is, since a person created it`,
};

export async function syncSchedules(
  invocation: Invocation,
  destinations: readonly string[],
): Promise<undefined> {
  const { config, path } = await requireConfig(invocation.options);
  const names = destinations.length > 0 ? destinations : Object.keys(config.destinations);
  requireInFile(config, path, names);
  await withClient(invocation, async (client) => {
    const schedules = await client.schedule.sync(
      Object.fromEntries(names.map((name) => [name, wantedFor(config, name)])),
    );
    const others = await othersFromFiles(client, config);
    const lines = [
      ...schedules.map(({ name, result }) => SENTENCES[result](name)),
      ...others.map(
        (name) =>
          `${name}: left as it is; it is of a configuration file, and not in this one. To delete it: temporal-mailchimp schedule delete ${name}`,
      ),
    ];
    print(invocation, {
      json: { schedules, others },
      text: () => lines.join('\n') || 'The configuration file has no destination.',
    });
  });
}

function requireInFile({ destinations }: Config, path: string, names: readonly string[]): void {
  const unknown = names.filter((name) => !Object.hasOwn(destinations, name));
  if (unknown.length === 0) return;
  throw new ExportError(
    'INPUT_INVALID',
    `${path} has no destination ${listOf(unknown.map((name) => `"${name}"`))}, so nothing was changed. Its destinations: ${listOf(Object.keys(destinations)) || 'none'}.`,
  );
}

/** Makes the schedule of one destination match the file. @returns undefined: the file does not have the destination */
export async function syncSchedule(
  client: ExportClient,
  config: Config | undefined,
  name: string,
): Promise<SyncedSchedule['result'] | undefined> {
  if (!config || !Object.hasOwn(config.destinations, name)) return undefined;
  const [synced] = await client.schedule.sync({ [name]: wantedFor(config, name) });
  return synced?.result;
}

function wantedFor({ destinations }: Config, name: string): ScheduleSettings | null {
  const schedule = Object.hasOwn(destinations, name) ? destinations[name]?.schedule : undefined;
  return schedule ? { targets: { destinations: [name] }, ...schedule } : null;
}

/** Another file may have them, so only a person can say that they are not needed. */
async function othersFromFiles(client: ExportClient, { destinations }: Config): Promise<string[]> {
  const schedules = await client.schedule.list();
  return schedules.flatMap(({ name, isFromFile }) =>
    isFromFile && !Object.hasOwn(destinations, name) ? [name] : [],
  );
}
