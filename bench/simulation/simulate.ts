import type { SimulatedDestination } from './fleet';
import {
  ALONE,
  deliverySeconds,
  operations,
  preparingSeconds,
  type Provider,
  reads,
  sendingSeconds,
  type SimulatedExport,
} from './one-export';
import { randomNumbers } from './random';
import { equally, fairly, Shared } from './shared';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Default of a schedule: exports of one account at the same time. */
const AT_ONCE = 4;
/** Steps of a worker at the same time. */
const STEPS = 16;

export interface SimulationOptions {
  readonly fleet: readonly SimulatedDestination[];
  readonly seed: number;
  readonly workers: number;
  readonly provider: Provider;
  /** Of the profiles, in each refresh. */
  readonly changedShare: number;
  /** hour: all at the full hour, and the daily ones at two. spread: each schedule at a time of its own. */
  readonly starts: 'hour' | 'spread';
}

/** An export that was due on the second day, when the first has left its traces. */
export interface SimulatedRun {
  readonly account: number;
  readonly one: SimulatedExport;
  /** From when it was due to its end. */
  readonly seconds: number;
  /** What it took longer than where nothing else runs. */
  readonly waited: number;
  /** Of that, for its worker: for a step of it to be taken, and beside other exports. */
  readonly waitedForWorker: number;
}

export interface Simulated {
  readonly runs: readonly SimulatedRun[];
  /** Refreshes that were due while the one before still ran: Temporal skips them. */
  readonly overlapped: number;
  /** Of the second day, the share in which a worker had something to compute: the mean of all. */
  readonly busy: number;
}

/** Destinations of an account with the same interval have one schedule. */
interface Schedule {
  readonly account: number;
  readonly destinations: readonly SimulatedDestination[];
  readonly everySeconds: number;
  readonly firstAt: number;
  running: number;
  waiting: SimulatedDestination[];
  dueAt: number;
}

interface Running {
  readonly schedule: Schedule;
  readonly one: SimulatedExport;
  readonly dueAt: number;
  worker: number;
  steppedAt: number;
  waitedForWorker: number;
}

/** Two days of a fleet, from event to event. */
export function simulate(options: SimulationOptions): Simulated {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #schedules: readonly Schedule[];
  readonly #accounts: ReadonlyMap<number, Shared<Running>>;
  readonly #workers: readonly {
    readonly cpu: Shared<{ readonly running: Running; readonly next: Step }>;
    steps: number;
  }[];
  readonly #timers = new Timers();
  readonly #unassigned: Running[] = [];
  readonly #runs: SimulatedRun[] = [];
  #overlapped = 0;
  #now = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { fleet, provider, workers } = options;
    this.#schedules = schedulesOf(options);
    const divide = fairly(provider.connections, provider.operationSeconds);
    this.#accounts = new Map(
      [...new Set(fleet.map(({ account }) => account))].map((account) => [
        account,
        new Shared<Running>(divide),
      ]),
    );
    this.#workers = Array.from({ length: workers }, () => ({ cpu: new Shared(equally), steps: 0 }));
  }

  run(): Simulated {
    for (const schedule of this.#schedules) this.#timers.at(schedule.firstAt, () => this.#refresh(schedule));
    let busyBefore = 0;
    this.#timers.at(DAY, () => (busyBefore = this.#busy()));
    let busyAfter = 0;
    this.#timers.at(2 * DAY, () => (busyAfter = this.#busy()));
    while (this.#step());
    const busy = (busyAfter - busyBefore) / DAY / this.#workers.length;
    return { runs: this.#runs, overlapped: this.#overlapped, busy };
  }

  #busy(): number {
    return this.#workers.reduce((sum, { cpu }) => sum + cpu.busy, 0);
  }

  /** Goes on to the next event. */
  #step(): boolean {
    let next = this.#timers.nextAt;
    for (const shared of this.#accounts.values()) next = Math.min(next, shared.nextAt);
    for (const { cpu } of this.#workers) next = Math.min(next, cpu.nextAt);
    if (next === Infinity) return false;
    this.#now = next;
    for (const due of this.#timers.take(next)) due();
    for (const { cpu } of this.#workers)
      if (cpu.nextAt <= next) for (const { running, next: go } of cpu.take(next)) go(running);
    for (const shared of this.#accounts.values())
      if (shared.nextAt <= next) for (const running of shared.take(next)) this.#settle(running);
    return true;
  }

  #refresh(schedule: Schedule): void {
    const next = this.#now + schedule.everySeconds;
    if (next < 2 * DAY) this.#timers.at(next, () => this.#refresh(schedule));
    if (schedule.running > 0 || schedule.waiting.length > 0) {
      if (this.#now >= DAY) this.#overlapped += 1;
      return;
    }
    schedule.dueAt = this.#now;
    schedule.waiting = [...schedule.destinations];
    this.#start(schedule);
  }

  #start(schedule: Schedule): void {
    while (schedule.running < AT_ONCE) {
      const destination = schedule.waiting.shift();
      if (!destination) break;
      schedule.running += 1;
      const { profiles } = destination;
      const one = { profiles, changed: Math.round(profiles * this.#options.changedShare) };
      const { dueAt } = schedule;
      this.#unassigned.push({ schedule, one, dueAt, worker: -1, steppedAt: this.#now, waitedForWorker: 0 });
    }
    this.#assign();
  }

  /** To the worker with the fewest steps. */
  #assign(): void {
    while (this.#unassigned.length > 0) {
      const steps = this.#workers.map((worker) => worker.steps);
      const least = Math.min(...steps);
      if (least >= STEPS) return;
      const running = this.#unassigned.shift()!;
      running.worker = steps.indexOf(least);
      this.#workers[running.worker]!.steps += 1;
      running.waitedForWorker += this.#now - running.steppedAt;
      this.#compute(running, PREPARING * preparingSeconds(running.one), (prepared) =>
        this.#deliver(prepared),
      );
    }
  }

  #compute(running: Running, work: number, next: Step): void {
    const began = this.#now;
    const ended: Step = (one) => {
      one.waitedForWorker += this.#now - began - work;
      next(one);
    };
    this.#workers[running.worker]!.cpu.add({ running, next: ended }, work, this.#now);
  }

  #deliver(running: Running): void {
    const { operationSeconds, readSeconds } = this.#options.provider;
    const { one, schedule } = running;
    const sent = operations(one);
    const alone = reads(one) * readSeconds + (sent > 0 ? ALONE * operationSeconds : 0);
    this.#timers.at(this.#now + alone, () => {
      if (sent === 0) this.#settle(running);
      else this.#accounts.get(schedule.account)!.add(running, sent, this.#now);
    });
  }

  #settle(running: Running): void {
    const work = (1 - PREPARING) * preparingSeconds(running.one) + sendingSeconds(running.one);
    this.#compute(running, work, (settled) => this.#end(settled));
  }

  #end({ schedule, one, dueAt, worker, waitedForWorker }: Running): void {
    this.#workers[worker]!.steps -= 1;
    schedule.running -= 1;
    const seconds = this.#now - dueAt;
    const waited = Math.max(0, seconds - alone(one, this.#options.provider));
    if (dueAt >= DAY) this.#runs.push({ account: schedule.account, one, seconds, waited, waitedForWorker });
    this.#start(schedule);
    this.#assign();
  }
}

type Step = (running: Running) => void;

/** Of what the worker computes: before the first contact is sent. */
const PREPARING = 0.8;

/** Where nothing else runs. What a worker computes while it sends comes afterwards here: it is a second at most. */
function alone(one: SimulatedExport, provider: Provider): number {
  const connections = Math.min(provider.connections, operations(one) || 1);
  const reading = reads(one) * provider.readSeconds;
  return (
    preparingSeconds(one) + sendingSeconds(one) + reading + deliverySeconds(one, { ...provider, connections })
  );
}

function schedulesOf({ fleet, seed, starts }: SimulationOptions): Schedule[] {
  const random = randomNumbers(seed);
  const groups = new Map<string, SimulatedDestination[]>();
  for (const destination of fleet) {
    const key = `${destination.account}/${destination.intervalHours}`;
    groups.set(key, [...(groups.get(key) ?? []), destination]);
  }
  return [...groups.values()].map((destinations) => {
    const { account, intervalHours } = destinations[0]!;
    const everySeconds = intervalHours * HOUR;
    const place = random();
    const atHour = intervalHours === 24 ? 2 * HOUR : 0;
    const firstAt = starts === 'spread' ? Math.floor(place * everySeconds) : atHour;
    return { account, destinations, everySeconds, firstAt, running: 0, waiting: [], dueAt: 0 };
  });
}

/** What happens at a time, in the order of the times. */
class Timers {
  readonly #heap: { readonly at: number; readonly due: () => void }[] = [];

  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  at(at: number, due: () => void): void {
    const heap = this.#heap;
    let place = heap.push({ at, due }) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (heap[parent]!.at <= heap[place]!.at) break;
      [heap[parent], heap[place]] = [heap[place]!, heap[parent]!];
      place = parent;
    }
  }

  /** Removes what is due by now. */
  take(now: number): (() => void)[] {
    const due: (() => void)[] = [];
    while (this.nextAt <= now) due.push(this.#removeFirst());
    return due;
  }

  #removeFirst(): () => void {
    const heap = this.#heap;
    const { due } = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return due;
    heap[0] = last;
    for (let place = 0; ;) {
      const children = [2 * place + 1, 2 * place + 2].filter((child) => child < heap.length);
      const least = children.reduce(
        (found, child) => (heap[child]!.at < heap[found]!.at ? child : found),
        place,
      );
      if (least === place) return due;
      [heap[least], heap[place]] = [heap[place]!, heap[least]!];
      place = least;
    }
  }
}
