import { bytes, count, seconds, share } from '../numbers';
import { table } from '../tables';
import type { AccountFigures, Quantiles, SimulationFigures } from './figures';

export const SIMULATION_TITLE = '### 10. A fleet, simulated';

/** Accounts in the table: by their numbers of destinations, and the ones that wait longest. */
const SHOWN = 4;

const STARTS_WORDS = {
  hour: 'all at the full hour, daily ones at two',
  spread: 'each schedule at a time of its own',
} as const;

/** The section of BENCHMARKS.md. */
export function describeSimulation({
  fleet,
  exportsADay,
  profilesADay,
  starts,
  month,
}: SimulationFigures): string {
  return `${SIMULATION_TITLE}

\`npm run bench -- --simulate --write\`: nothing is measured. ${count(fleet.destinations)} destinations in ${count(fleet.accounts)} accounts, refreshed every hour to once a day by a schedule for each account
and interval: ${count(exportsADay)} exports of ${count(profilesADay)} profiles a day, of which 1 % have changed in each. Seed ${fleet.seed}. An operation takes a second at Mailchimp, a read 0.2 s; the eight
connections of an account are divided fairly over all workers, small exports first; a refresh runs four exports at once, a worker with two cores has sixteen steps. The time of one export
is that of sections 3 to 5 (\`test/bench/simulation\` compares), its actions those of section 7, its requests to the store those of section 9.

How many workers: how long an export waits for one, and for other exports in it. In bold: the fewest with which 95 of 100 wait less than a minute.

${table(
  ['refreshes start', 'workers', 'busy', 'half wait', '95 % at most', 'longest', 'skipped: still running'],
  starts.flatMap(({ starts: start, workers, needed }) =>
    workers.map((one) => [
      STARTS_WORDS[start],
      one.workers === needed ? `**${one.workers}**` : count(one.workers),
      share(one.busy),
      ...times(one.waitedForWorker),
      count(one.overlapped),
    ]),
  ),
)}

With the number in bold, how long an export waits for all: the connections of its account, the exports of its refresh that are before it, and its worker.

${table(
  [
    'refreshes start',
    'account',
    'destinations',
    'exports a day',
    'profiles a day',
    'half wait',
    '95 % at most',
    'longest',
  ],
  starts.flatMap(({ starts: start, accounts, waited }) => [
    [
      STARTS_WORDS[start],
      'all',
      count(fleet.destinations),
      count(exportsADay),
      count(profilesADay),
      ...times(waited),
    ],
    ...chosen(accounts).map(([which, account]) => [
      '',
      which,
      count(account.destinations),
      count(account.exportsADay),
      count(account.profilesADay),
      ...times(account.waited),
    ]),
  ]),
)}

A month of it:

${table(
  ['actions', 'heartbeats, at most', 'writes and lists', 'reads', 'bytes up', 'bytes down'],
  [
    [
      count(month.actions),
      count(month.heartbeats),
      count(month.store.writes + month.store.lists),
      count(month.store.reads + month.store.looks),
      bytes(month.store.bytesUp),
      bytes(month.store.bytesDown),
    ],
  ],
)}
`;
}

const times = ({ p50, p95, max }: Quantiles): string[] => [p50, p95, max].map((time) => seconds(time));

function chosen(accounts: readonly AccountFigures[]): (readonly [string, AccountFigures])[] {
  const byWait = accounts.toSorted((one, other) => other.waited.p95 - one.waited.p95);
  const middle = byWait[Math.floor(byWait.length / 2)]!;
  return [
    ...byWait.slice(0, SHOWN).map((account) => ['waits longest', account] as const),
    ['in the middle', middle],
  ];
}
