import { count } from '../numbers';
import { table } from '../tables';
import type { RefreshCost } from './costs';
import type { DayFigures } from './measure-day';

const HOURS_A_MONTH = 30 * 24;
const FLEET = 1_000;

/** How many of the hours bring a change. */
const PACES = [
  ['every hour', 1],
  ['every fourth hour', 4],
  ['once a day', 24],
] as const;

export const DAY_TITLE = '### 7. A day of two hundred destinations';

/** The section of BENCHMARKS.md. */
export function describeDay(figures: DayFigures): string {
  const { machine, at, seconds, groups } = figures;
  return `${DAY_TITLE}

\`npm run bench -- --day --write\`, on ${at}, on ${machine.cores} × ${machine.cpu}; took ${count(seconds / 60)} minutes. ${count(groups.together)} destinations with one hourly
schedule, ${count(groups.moved)} with one that skips unchanged sources, ${count(groups.own)} with an hourly schedule each; the source of each changes in every fourth hour. The hours of
yesterday are filled in one after the other by real schedules. Each refresh took place once and reported each destination once, each export has the next
number of its destination, each one with changes wrote to Mailchimp once, and at the end each audience is what its source says.

${dayTable(figures)}

Actions are what Temporal Cloud bills, by [its list](https://docs.temporal.io/evaluate/cloud/actions): starts, steps, timers, signals, updates, markers and queries, and three for each start
by a schedule. Heartbeats come on top: one for each second that a step lasts, so a busy machine sends more of them.

${exportTable(figures)}

${refreshTable(figures)}

Actions a month for ${count(FLEET)} destinations that are refreshed hourly, computed from these refreshes:

${monthTable(figures)}
`;
}

function dayTable({ groups, day, spent }: DayFigures): string {
  const destinations = Object.values(groups).reduce((sum, size) => sum + size, 0);
  return table(
    [
      '',
      'refreshes',
      'exports',
      'with changes',
      'skipped',
      'twice',
      'missed',
      'events',
      'actions',
      'heartbeats',
    ],
    [
      [
        `${count(destinations)} destinations`,
        count(day.refreshes),
        count(day.exports),
        count(day.changed),
        count(day.skipped),
        '0',
        '0',
        count(spent.events),
        count(spent.actions),
        count(spent.heartbeats),
      ],
      [
        'for each',
        '–',
        ...[day.exports, day.changed, day.skipped].map((number) => (number / destinations).toFixed(1)),
        '–',
        '–',
        ...[spent.events, spent.actions, spent.heartbeats].map((number) =>
          (number / destinations).toFixed(1),
        ),
      ],
    ],
  );
}

function exportTable({ exports }: DayFigures): string {
  return table(
    ['export, on request', 'events', 'actions', 'heartbeats'],
    exports.map(({ what, spent }) => [
      what,
      count(spent.events),
      count(spent.actions),
      count(spent.heartbeats),
    ]),
  );
}

const SHARE_WORDS = {
  changed: 'all with changes',
  unchanged: 'all without changes',
  skipped: 'all skipped: source unchanged',
} as const;

function refreshTable({ refreshes }: DayFigures): string {
  return table(
    ['refresh by a schedule', 'destinations', 'events', 'actions', 'of these queries', 'actions for each'],
    refreshes.map(({ destinations, share, spent }) => [
      SHARE_WORDS[share],
      count(destinations),
      count(spent.events),
      count(spent.actions),
      count(spent.queries),
      (spent.actions / destinations).toFixed(1),
    ]),
  );
}

function monthTable({ refreshes }: DayFigures): string {
  return table(
    [
      'sources change',
      'one schedule',
      'when the source has changed',
      'a schedule each',
      'when the source has changed',
    ],
    PACES.map(([pace, every]) => [
      pace,
      ...(['together', 'each'] as const).flatMap((how) =>
        (['unchanged', 'skipped'] as const).map((otherwise) => {
          const changed = monthOf(refreshes, how, 'changed');
          return count(changed / every + monthOf(refreshes, how, otherwise) * (1 - 1 / every));
        }),
      ),
    ]),
  );
}

/** Each destination beyond the first of a refresh costs the same. */
function monthOf(
  refreshes: readonly RefreshCost[],
  how: 'together' | 'each',
  share: RefreshCost['share'],
): number {
  const found = refreshes.filter((cost) => cost.share === share);
  const one = found.find(({ destinations }) => destinations === 1)!.spent.actions;
  const many = found.find(({ destinations }) => destinations > 1)!;
  const further = (many.spent.actions - one) / (many.destinations - 1);
  return HOURS_A_MONTH * (how === 'each' ? FLEET * one : one + (FLEET - 1) * further);
}
