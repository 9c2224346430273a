import day from '../day/figures.json';
import sizing from '../sizing/figures.json';
import type { StoreRequests } from '../sizing/count-requests';
import { drawFleet, type FleetOptions, type SimulatedDestination } from './fleet';
import { parts, type Provider } from './one-export';
import { simulate, type Simulated, type SimulatedRun } from './simulate';

const DAYS_A_MONTH = 30;

const FLEET: FleetOptions = { seed: 1, accounts: 100, destinations: 1_000, profilesADay: 100_000_000 };

/** As Mailchimp: a second for 500 contacts, and eight connections of the ten that a user has. */
const PROVIDER: Provider = { operationSeconds: 1, readSeconds: 0.2, connections: 8 };
const CHANGED_SHARE = 0.01;

const WORKERS = [1, 2, 4, 8, 16] as const;
const STARTS = ['hour', 'spread'] as const;

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The queueing of one account. */
export interface AccountFigures {
  readonly destinations: number;
  readonly exportsADay: number;
  readonly profilesADay: number;
  readonly waited: Quantiles;
}

interface WorkersFigures {
  readonly workers: number;
  readonly busy: number;
  readonly waitedForWorker: Quantiles;
  readonly overlapped: number;
}

interface StartFigures {
  readonly starts: (typeof STARTS)[number];
  readonly workers: readonly WorkersFigures[];
  /** The fewest with which 95 of 100 exports wait less than a minute for one; undefined: none of those that were tried. */
  readonly needed: number | undefined;
  /** With those. */
  readonly accounts: readonly AccountFigures[];
  readonly waited: Quantiles;
}

export interface SimulationFigures {
  readonly fleet: FleetOptions;
  readonly exportsADay: number;
  readonly profilesADay: number;
  readonly starts: readonly StartFigures[];
  readonly month: MonthFigures;
}

/** Thirty days in which each refresh has changes. */
interface MonthFigures {
  readonly actions: number;
  /** Billed as well: one for each second that a step lasts, at most. */
  readonly heartbeats: number;
  readonly store: StoreRequests;
}

const WAIT_SECONDS = 60;

export function simulateFleet(
  options: FleetOptions = FLEET,
  provider: Provider = PROVIDER,
): SimulationFigures {
  const fleet = drawFleet(options);
  const run = (starts: StartFigures['starts'], workers: number) =>
    simulate({ fleet, seed: options.seed, workers, provider, changedShare: CHANGED_SHARE, starts });
  let undisturbed: readonly SimulatedRun[] = [];
  const starts = STARTS.map((start): StartFigures => {
    const tried = WORKERS.map((workers) => ({ workers, simulated: run(start, workers) }));
    const enough = tried.find(({ simulated }) => waitedForWorker(simulated).p95 < WAIT_SECONDS);
    const { runs } = (enough ?? tried.at(-1)!).simulated;
    undisturbed = tried.at(-1)!.simulated.runs;
    return {
      starts: start,
      workers: tried.map(({ workers, simulated }) => ({
        workers,
        busy: simulated.busy,
        overlapped: simulated.overlapped,
        waitedForWorker: waitedForWorker(simulated),
      })),
      needed: enough?.workers,
      accounts: accountsOf(fleet, runs),
      waited: quantiles(runs.map(({ waited }) => waited)),
    };
  });
  return {
    fleet: options,
    exportsADay: undisturbed.length,
    profilesADay: undisturbed.reduce((sum, { one }) => sum + one.profiles, 0),
    starts,
    month: monthOf(fleet, undisturbed),
  };
}

const waitedForWorker = ({ runs }: Simulated) => quantiles(runs.map((run) => run.waitedForWorker));

function accountsOf(
  fleet: readonly SimulatedDestination[],
  runs: readonly SimulatedRun[],
): readonly AccountFigures[] {
  const accounts = [...new Set(fleet.map(({ account }) => account))];
  return accounts.map((account) => {
    const own = runs.filter((run) => run.account === account);
    return {
      destinations: fleet.filter((one) => one.account === account).length,
      exportsADay: own.length,
      profilesADay: own.reduce((sum, { one }) => sum + one.profiles, 0),
      waited: quantiles(own.map(({ waited }) => waited)),
    };
  });
}

/** Of refreshes by a schedule, as `bench/day` has measured them: of one destination, and of each further one. */
function monthOf(fleet: readonly SimulatedDestination[], runs: readonly SimulatedRun[]): MonthFigures {
  const measured = day.refreshes.filter(({ share }) => share === 'changed');
  const one = measured.find(({ destinations }) => destinations === 1)!.spent.actions;
  const many = measured.find(({ destinations }) => destinations > 1)!;
  const further = (many.spent.actions - one) / (many.destinations - 1);
  const schedules = new Map(
    fleet.map(({ account, intervalHours }) => [`${account}/${intervalHours}`, intervalHours]),
  );
  const refreshes = [...schedules.values()].reduce((sum, hours) => sum + 24 / hours, 0);
  const sum = (of: (run: SimulatedRun) => number) =>
    DAYS_A_MONTH * runs.reduce((total, run) => total + of(run), 0);
  return {
    // The measured exports have one part.
    actions: DAYS_A_MONTH * refreshes * (one - further) + sum((run) => further + parts(run.one) - 1),
    heartbeats: sum(({ seconds }) => seconds),
    store: storeOf(sum),
  };
}

/** As `bench/sizing` has counted them, for the next larger size. */
function storeOf(sum: (of: (run: SimulatedRun) => number) => number): StoreRequests {
  const counted = sizing.stores.filter(({ what }) => what === '1 % changed');
  const next = (profiles: number) => counted.find((one) => one.profiles >= profiles) ?? counted.at(-1)!;
  const requests = (kind: 'writes' | 'reads' | 'lists' | 'deletes') =>
    sum(({ one }) => next(one.profiles).requests[kind]);
  const bytesOf = (kind: 'bytesUp' | 'bytesDown') =>
    sum(({ one }) => {
      const { profiles, requests: at } = next(one.profiles);
      return (at[kind] * one.profiles) / profiles;
    });
  return {
    writes: requests('writes'),
    reads: requests('reads'),
    lists: requests('lists'),
    deletes: requests('deletes'),
    // About one a second.
    looks: sum(({ seconds }) => seconds),
    bytesUp: bytesOf('bytesUp'),
    bytesDown: bytesOf('bytesDown'),
  };
}

function quantiles(numbers: readonly number[]): Quantiles {
  const sorted = numbers.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}
