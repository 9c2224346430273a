import type {
  ScheduledRun,
  ScheduleDetails,
  ScheduledRunStatus,
  ScheduleView,
} from '../../contract/schedule-view';
import { wallTimeAt } from '../../contract/time-zone';
import { onOneLine } from '../../errors';
import { describeRefresh, describeRefreshed } from '../../text/describe-refresh';
import { describeRules, describeTargets, describeTimes } from '../../text/describe-schedule';
import { count, duration, instant } from '../../text/format';
import { PLAIN_PAGE, type Page, type Tone } from './page';
import { pairs, table } from './table';
import { unreadableLines } from './unreadable';

const UNKNOWN = 'not known: it was changed in Temporal';

const RUN_TONE: Readonly<Record<ScheduledRunStatus, Tone | undefined>> = {
  running: undefined,
  completed: 'good',
  failed: 'bad',
  cancelled: 'warning',
  terminated: 'bad',
  timed_out: 'bad',
};

/** What `create` prints. */
export function describeNewSchedule(view: ScheduleView, page: Page = PLAIN_PAGE): string {
  return [
    `The schedule "${view.name}" ${what(view)}.`,
    pairs(statePairs(view), page),
    `To see its next times and last refreshes: temporal-mailchimp schedule show ${view.name}`,
  ].join('\n\n');
}

function what({ settings }: ScheduleView): string {
  if (!settings) return `has settings that are ${UNKNOWN}`;
  return `refreshes ${describeTargets(settings.targets)} ${describeTimes(settings)}`;
}

/** What `show` prints. */
export function describeSchedule(view: ScheduleDetails, page: Page = PLAIN_PAGE): string {
  const { settings, runs, counts } = view;
  const parts = [
    `The schedule "${view.name}" ${what(view)}.`,
    pairs(
      [
        ...statePairs(view),
        ...(settings ? describeRules(settings) : []),
        [
          'So far',
          `${count(counts.started)} started, ${count(counts.skipped)} left out because one ran, ${count(counts.missed)} missed`,
        ],
        ['Created', `${instant(view.createdAt)}${view.isFromFile ? ', from a configuration file' : ''}`],
      ],
      page,
    ),
    runs.length > 0 ? runTable(runs, page) : 'No refresh yet.',
    ...reasonsOf(runs),
  ];
  return parts.join('\n\n');
}

function statePairs(view: ScheduleView): (readonly [string, string])[] {
  const { isPaused, note, next } = view;
  if (isPaused) return [['State', `paused${note === null ? '' : ` (${note})`}`]];
  return [
    ['State', note === null ? 'active' : `active (${note})`],
    ['Next', next.map((time) => inZone(time, view)).join('\n') || 'none'],
  ];
}

/** "2027-01-01 01:30:00 UTC, 02:30 there". */
function inZone(time: string, { settings }: ScheduleView): string {
  const timezone = settings?.timezone ?? 'UTC';
  if (timezone === 'UTC') return instant(time);
  const there = new Date(wallTimeAt(timezone, Date.parse(time))).toISOString();
  return `${instant(time)} (${there.slice('yyyy-mm-ddT'.length, 'yyyy-mm-ddThh:mm'.length)} in ${timezone})`;
}

function runTable(runs: readonly ScheduledRun[], page: Page): string {
  return table(
    ['REFRESH', 'STATUS', 'TOOK', 'RESULTS'],
    runs.map(({ startedAt, endedAt, status, report, failure }) => [
      instant(startedAt),
      { text: status, tone: RUN_TONE[status] },
      endedAt === null ? '' : duration(Date.parse(endedAt) - Date.parse(startedAt)),
      report
        ? describeRefresh({ ...report, running: 0, toAsk: 0 })
        : failure
          ? `${failure.code}: ${onOneLine(failure.message)}`
          : '',
    ]),
    page,
  );
}

/** Of the last refresh that has a report: those of earlier ones are in the JSON document. */
function reasonsOf(runs: readonly ScheduledRun[]): readonly string[] {
  const last = runs.find(({ report }) => report !== null);
  const lines = (last?.report?.destinations ?? [])
    .filter(({ result }) => result !== 'exported' && result !== 'unchanged')
    .map((one) => `${one.destinationId}: ${onOneLine(describeRefreshed(one))}`);
  return last && lines.length > 0
    ? [[`Not exported by the refresh of ${instant(last.startedAt)}:`, ...lines].join('\n')]
    : [];
}

/** What `list` prints. */
export function scheduleTable(schedules: readonly ScheduleView[], page: Page = PLAIN_PAGE): string {
  const all = table(
    ['SCHEDULE', 'REFRESHES', 'WHEN', 'NEXT', { optional: 'LAST' }],
    schedules.map(({ name, settings, isPaused, next, lastStartedAt, unreadable }) => [
      name,
      settings ? describeTargets(settings.targets) : 'not known',
      settings ? describeTimes(settings) : unreadable ? { text: 'unreadable', tone: 'bad' } : UNKNOWN,
      isPaused ? { text: 'paused', tone: 'warning' } : next[0] ? instant(next[0]) : 'none',
      lastStartedAt === null ? '' : instant(lastStartedAt),
    ]),
    page,
  );
  return [all, ...unreadableLines(schedules.map(({ name: id, unreadable }) => ({ id, unreadable })))].join(
    '\n\n',
  );
}
