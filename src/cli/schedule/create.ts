import { InvalidArgumentError } from 'commander';
import type { ExportClient } from '../../client';
import {
  periodMs,
  PeriodSchema,
  WeekdaySchema,
  type Overlap,
  type ScheduleSettings,
} from '../../contract/schedule';
import { ExportError } from '../../errors';
import { listOf } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { valueOf } from '../shell/options';
import { withClient } from '../shell/temporal';
import { describeNewSchedule } from '../text/schedule';

export interface CreateOptions {
  readonly destination?: readonly string[];
  readonly label?: readonly string[];
  readonly all?: boolean;
  readonly daily?: readonly string[];
  readonly weekdays?: ScheduleSettings['weekdays'];
  readonly cron?: readonly string[];
  readonly every?: string;
  readonly offset?: string;
  readonly timezone?: string;
  readonly jitter?: string;
  readonly skipDate?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  readonly overlap?: Overlap;
  readonly catchUp?: number;
  readonly pauseOnFailure?: boolean;
  readonly whenSourceChanged?: boolean;
  readonly atOnce?: number;
  readonly longest?: number;
  readonly paused?: boolean;
  readonly allowUnknown?: boolean;
}

export async function createSchedule(
  invocation: Invocation,
  name: string,
  options: CreateOptions,
): Promise<undefined> {
  const settings = settingsOf(invocation, options);
  await withClient(invocation, async (client, { webUi }) => {
    if (options.allowUnknown !== true) await requireKnown(invocation, client, { name, settings });
    const view = await client.schedule.create(name, settings, { isPaused: options.paused === true });
    print(invocation, {
      json: view,
      text: (page) => describeNewSchedule(view, page),
      webUi: webUi.schedule(name),
    });
  });
}

/** A name is mostly misspelt; a label may be given to a destination later. */
async function requireKnown(
  { terminal }: Invocation,
  client: ExportClient,
  { name, settings: { targets } }: { readonly name: string; readonly settings: ScheduleSettings },
): Promise<void> {
  const unknown = await client.schedule.unknownTargets(targets);
  if (unknown.length === 0) return;
  const quoted = listOf(unknown.map((one) => `"${one}"`));
  if ('labels' in targets)
    return terminal.err(
      `Warning: no destination has the label ${quoted} now. A label is given by destinations.NAME.connect.labels and destination connect.`,
    );
  throw new ExportError(
    'DESTINATION_NOT_FOUND',
    `There is no destination ${quoted}, so the schedule "${name}" was not created. Check the names with temporal-mailchimp destination list, or create it ` +
      'before they are connected, with --allow-unknown.',
  );
}

function settingsOf(invocation: Invocation, options: CreateOptions): ScheduleSettings {
  const { daily, weekdays, cron, every, offset, timezone, jitter, start, end, overlap } = options;
  const { skipDate, catchUp, pauseOnFailure, whenSourceChanged, atOnce, longest } = options;
  if ([daily, cron, every].filter((value) => value !== undefined).length !== 1)
    invocation.usageError('say when to refresh, by one of --daily, --cron and --every');
  // In the order of the schema, and without those that are not set.
  return defined({
    targets: targetsOf(invocation, options),
    daily,
    weekdays,
    cron,
    every,
    offset,
    timezone,
    jitter,
    skipDates: skipDate,
    start,
    end,
    overlap,
    catchUpMinutes: catchUp,
    pauseOnFailure,
    whenSourceChanged,
    atOnce,
    longestMinutes: longest,
  }) as unknown as ScheduleSettings;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function targetsOf({ usageError }: Invocation, { destination, label, all }: CreateOptions) {
  const given = [
    ...(destination ? [{ destinations: destination }] : []),
    ...(label ? [{ labels: label }] : []),
    ...(all ? [{ all: true }] : []),
  ];
  return given.length === 1
    ? given[0]
    : usageError('say what to refresh, by one of --destination, --label and --all');
}

/** "02:30,14:30", also repeated. */
export function collectList(value: string, before: readonly string[] = []): string[] {
  const found = value.split(',').map((entry) => entry.trim());
  return [...before, ...found.filter((entry) => entry !== '')];
}

/** "mon,friday". */
export function collectDays(value: string, before: readonly string[] = []): string[] {
  return [...before, ...collectList(value).map(valueOf(WeekdaySchema))];
}

const MINUTE_MS = 60_000;

/** "6h" as minutes. */
export function minutes(value: string): number {
  const ms = periodMs(valueOf(PeriodSchema)(value));
  if (ms % MINUTE_MS === 0) return ms / MINUTE_MS;
  throw new InvalidArgumentError('It must be whole minutes.');
}
