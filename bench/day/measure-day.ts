import type { Machine } from '../figures';
import { thisMachine } from '../machine';
import { measureExports, measureRefreshes, type ExportCost, type RefreshCost } from './costs';
import { runDay, type Day } from './day';
import { openFleet, type Fleet } from './fleet';
import { Meter, type Spent } from './spent';

/** Labels of the destinations: those of one schedule, those of one that skips unchanged sources, and those with a schedule each. */
const GROUPS = { together: 80, moved: 100, own: 20 } as const;
const HOURS = 24;

export interface DayFigures {
  readonly machine: Machine;
  readonly at: string;
  readonly seconds: number;
  readonly groups: typeof GROUPS;
  readonly day: Day;
  readonly spent: Spent;
  readonly exports: readonly ExportCost[];
  /** Of one destination, and of many. */
  readonly refreshes: readonly RefreshCost[];
}

/** A day of two hundred destinations, and what its parts cost. @throws Error when something was exported twice or missed, or an audience is wrong */
export async function measureDay(temporalBinary: string, say: (line: string) => void): Promise<DayFigures> {
  const began = Date.now();
  const requested = { few: 1, hundred: 1, batches: 1, one: 1 };
  const fleet = await openFleet({ temporalBinary, groups: { ...GROUPS, ...requested } });
  try {
    say(`connecting ${fleet.destinations.length} destinations`);
    await fleet.connect();
    say('exports on request');
    const exports = await measureExports(fleet);
    say('refreshes of one destination');
    const one = await measureRefreshes(fleet, 'one');
    const { day, spent } = await measureHours(fleet, say);
    say('refreshes of a hundred destinations');
    const many = await measureRefreshes(fleet, 'moved');
    return {
      machine: thisMachine(),
      at: new Date().toISOString().slice(0, 10),
      seconds: (Date.now() - began) / 1000,
      groups: GROUPS,
      day,
      spent,
      exports,
      refreshes: [...one, ...many],
    };
  } finally {
    await fleet.close();
  }
}

async function measureHours(
  fleet: Fleet,
  say: (line: string) => void,
): Promise<Pick<DayFigures, 'day' | 'spent'>> {
  const alone = fleet.destinations.filter(({ label }) => label === 'own');
  const schedules = [
    { name: 'day-together', targets: { labels: ['together'] } },
    { name: 'day-moved', targets: { labels: ['moved'] }, whenSourceChanged: true },
    ...alone.map(({ name }) => ({ name, targets: { destinations: [name] } })),
  ];
  const meter = new Meter(fleet);
  let compare!: () => Promise<Day>;
  const spent = await meter.of(async () => {
    compare = await runDay(fleet, {
      hours: HOURS,
      schedules,
      onHour: (hour) => say(`  hour ${hour + 1} of ${HOURS}`),
    });
  });
  const day = await compare();
  const wrong = [...day.problems];
  if (day.writes !== day.changed)
    wrong.push(`${day.writes} requests with contacts for ${day.changed} exports with changes`);
  if (wrong.length > 0) throw new Error(`The day went wrong:\n${wrong.slice(0, 20).join('\n')}`);
  // Of the schedules, for each start.
  return { day, spent: { ...spent, actions: spent.actions + 2 * day.refreshes } };
}
