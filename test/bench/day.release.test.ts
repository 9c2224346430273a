import { afterAll, beforeAll, expect, test } from '@jest/globals';
import figures from '../../bench/day/figures.json';
import { measureExports, measureRefreshes, type ExportCost, type RefreshCost } from '../../bench/day/costs';
import { runDay } from '../../bench/day/day';
import { openFleet, type Fleet } from '../../bench/day/fleet';
import { Meter, type Spent } from '../../bench/day/spent';
import { findTemporalBinary } from '../../src/dev/temporal-binary';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await openFleet({
    temporalBinary: await findTemporalBinary(),
    groups: { together: 8, moved: 4, own: 2, few: 1, hundred: 1 },
  });
  await fleet.connect();
});

afterAll(async () => {
  await fleet.close();
});

test('hourly schedules export every destination once in each hour, also while the worker is replaced, and skip unchanged sources', async () => {
  const own = fleet.destinations.filter(({ label }) => label === 'own');
  const compare = await runDay(fleet, {
    hours: 4,
    schedules: [
      { name: 'together', targets: { labels: ['together'] } },
      { name: 'moved', targets: { labels: ['moved'] }, whenSourceChanged: true },
      ...own.map(({ name }) => ({ name, targets: { destinations: [name] } })),
    ],
    onHour: (hour) => hour === 3 && fleet.replaceWorker(),
  });
  const day = await compare();
  expect(day.problems).toEqual([]);
  // In the first hour all have changed, then a quarter.
  expect(day).toMatchObject({ refreshes: 16, exports: 47, changed: 24, skipped: 9 });
});

/** What costs more than the figures in BENCHMARKS.md. */
function overruns(what: string, spent: Spent, bound: Spent): string[] {
  return (['actions', 'events'] as const)
    .filter((kind) => spent[kind] > bound[kind])
    .map((kind) => `${what}: ${spent[kind]} ${kind}, not ${bound[kind]}`);
}

test('an export costs no more events and actions than BENCHMARKS.md says', async () => {
  const measured: readonly ExportCost[] = figures.exports;
  const costs = await measureExports(fleet);
  const boundOf = (what: string) => measured.find((one) => one.what === what)!.spent;
  expect(costs.flatMap(({ what, spent }) => overruns(what, spent, boundOf(what)))).toEqual([]);
});

test('a refresh costs no more events and actions than BENCHMARKS.md says, alone and for each further destination', async () => {
  const measured = figures.refreshes as readonly RefreshCost[];
  const boundOf = ({ share, destinations }: RefreshCost): Spent => {
    const found = measured.filter((cost) => cost.share === share);
    const one = found.find((cost) => cost.destinations === 1)!.spent;
    const many = found.find((cost) => cost.destinations > 1)!;
    const scaled = (kind: keyof Spent) =>
      one[kind] + Math.ceil(((many.spent[kind] - one[kind]) * (destinations - 1)) / (many.destinations - 1));
    return { ...one, actions: scaled('actions'), events: scaled('events') };
  };
  const costs = [...(await measureRefreshes(fleet, 'few')), ...(await measureRefreshes(fleet, 'moved'))];
  expect(
    costs.flatMap((cost) =>
      overruns(`${cost.destinations} destinations, ${cost.share}`, cost.spent, boundOf(cost)),
    ),
  ).toEqual([]);
});

test('the actions in histories are those that the server counts', async () => {
  const meter = new Meter(fleet);
  const before = await meter.actionsOfServer();
  const { actions, heartbeats } = await meter.of(async () => {
    const [first] = fleet.destinations;
    await (await fleet.exports.start(first!.name)).result();
  });
  expect(actions + heartbeats).toBe((await meter.actionsOfServer()) - before);
});
