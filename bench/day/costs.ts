import type { ExportOptionsInput } from '../../src/client';
import type { Destination, Fleet, Person } from './fleet';
import { backfillHour } from './day';
import { Meter, type Spent } from './spent';

/** What Temporal Cloud bills for a schedule at each start, beside the start itself. */
const SCHEDULE_ACTIONS = 2;

const BATCH_CONTACTS = 20_000;

/** Of refreshes: how many of their destinations have something to send. */
const SHARES = ['changed', 'unchanged', 'skipped'] as const;
type Share = (typeof SHARES)[number];

/** An export on request, with what its destination does for it. */
export interface ExportCost {
  readonly what: string;
  readonly spent: Spent;
}

/** A refresh by a schedule, with all its exports. */
export interface RefreshCost {
  readonly destinations: number;
  readonly share: Share;
  readonly spent: Spent;
}

/**
 * Measures exports on request, each of the one destination with its label: nothing to send (`few`), 100 contacts directly (`hundred`), and, where there
 * is a destination for it, 20,000 in batches (`batches`).
 */
export async function measureExports(fleet: Fleet): Promise<ExportCost[]> {
  const meter = new Meter(fleet);
  const measure = async (destination: Destination, options?: ExportOptionsInput) =>
    withoutQueries(await meter.of(() => exportOnce(fleet, destination, options)));
  const [few] = labelled(fleet, 'few');
  const [hundred] = labelled(fleet, 'hundred');
  const [batches] = labelled(fleet, 'batches');
  await fleet.write(few!, people(5));
  await exportOnce(fleet, few!);
  const nothing = await measure(few!);
  await fleet.write(hundred!, people(100));
  const direct = await measure(hundred!);
  const costs = [
    { what: 'nothing to send', spent: nothing },
    { what: '100 contacts', spent: direct },
  ];
  if (!batches) return costs;
  await fleet.write(batches, people(BATCH_CONTACTS));
  const spent = await measure(batches, { lane: 'batch' });
  return [...costs, { what: '20,000 contacts, in batches', spent }];
}

/** Those are of the client that waits for the export, and depend on the time that it takes. */
function withoutQueries(spent: Spent): Spent {
  return { ...spent, actions: spent.actions - spent.queries, queries: 0 };
}

async function exportOnce(fleet: Fleet, { name }: Destination, options: ExportOptionsInput = {}) {
  const handle = await fleet.exports.start(name, { options });
  const { status } = await handle.result();
  if (status !== 'completed') throw new Error(`${name}: ${status}`);
}

/** Measures refreshes by a schedule of all destinations with a label. */
export async function measureRefreshes(fleet: Fleet, label: string): Promise<RefreshCost[]> {
  const destinations = labelled(fleet, label);
  const meter = new Meter(fleet);
  const targets = { labels: [label] };
  const [always, whenChanged] = [`${label}-always`, `${label}-when-changed`];
  await fleet.exports.schedule.create(always, { targets, every: '1h' }, { isPaused: true });
  const skipping = { targets, every: '1h', whenSourceChanged: true };
  await fleet.exports.schedule.create(whenChanged, skipping, { isPaused: true });
  const refresh = async (share: Share): Promise<RefreshCost> => {
    const name = share === 'skipped' ? whenChanged : always;
    const spent = await meter.of(async () => {
      const { destinations: lines } = await backfillHour(fleet, name, SHARES.indexOf(share));
      const wrong = lines.find(({ result }) => result !== RESULTS[share]);
      if (wrong || lines.length !== destinations.length)
        throw new Error(`${name}: ${lines.length} destinations, one of them ${JSON.stringify(wrong)}`);
    });
    const actions = spent.actions + SCHEDULE_ACTIONS;
    return { destinations: destinations.length, share, spent: { ...spent, actions } };
  };
  for (const destination of destinations) await fleet.write(destination, people(5, 'Sweden'));
  return [await refresh('changed'), await refresh('unchanged'), await refresh('skipped')];
}

const RESULTS = { unchanged: 'unchanged', changed: 'exported', skipped: 'skipped' } as const;

function labelled({ destinations }: Fleet, wanted: string): Destination[] {
  return destinations.filter(({ label }) => label === wanted);
}

function people(count: number, country = 'Norway'): Person[] {
  return Array.from({ length: count }, (_, id) => ({ id, country }));
}
