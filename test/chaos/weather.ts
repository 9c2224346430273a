import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRule, Sandbox } from '../../src/sandbox';
import { TROUBLES } from '../model/conditions';
import type { Server, WorkerProcess } from './processes';
import type { Random } from './random';

/** How often each thing has happened. */
export type Tally = Map<string, number>;

export function count(tally: Tally, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

export interface Scene {
  readonly sandbox: Sandbox;
  readonly workers: readonly WorkerProcess[];
  readonly server: Server;
}

/** Faults that grow with a request, beside those of the model. They end, since a provider that never answers is waited for. */
const LARGE: Readonly<Record<string, FaultRule>> = {
  'a 504 for large requests': {
    match: 'POST /lists/*',
    via: 'any',
    moreThan: 100,
    times: 3,
    effect: { type: 'status', status: 504 },
  },
  'a 502 for large pages': {
    match: 'GET /lists/*/members',
    moreThan: 100,
    times: 2,
    effect: { type: 'status', status: 502 },
  },
  'a storm of 429': { match: '* /**', times: 15, effect: { type: 'status', status: 429 } },
};
const FAULTS = { ...TROUBLES, ...LARGE };

/** Arms the sandbox for one export. */
export function armFaults(sandbox: Sandbox, random: Random, tally: Tally): void {
  sandbox.control.set({
    operationMs: random.pick([0, 0, 5, 50]),
    batchParallelism: random.between(1, 3),
    batchPolls: random.between(0, 2),
    resultsPerFile: random.pick([1, 2, 1000]),
    connectionLimit: random.pick([2, 10, 10]),
    replies: random.pick(['full', 'lean']),
  });
  for (let place = random.pick([0, 0, 1, 2, 3, 4]); place > 0; place -= 1) {
    const name = random.pick(Object.keys(FAULTS));
    count(tally, name);
    sandbox.fail({ ...FAULTS[name]!, after: random.pick([0, 0, 1, 3, 8]) });
  }
}

const BLOWS = [
  'a freeze of seconds',
  'a freeze of seconds',
  'a freeze longer than a heartbeat',
  'a freeze into the next export',
  'a killed worker',
  'two killed workers',
  'a killed server',
] as const;
type Blow = (typeof BLOWS)[number];

interface Planned {
  readonly atMs: number;
  readonly what: string;
  /** Also when the export has ended before. */
  readonly isDue: boolean;
  readonly run: () => Promise<void> | void;
}

/** What happens to the processes while an export runs, and the deeds of people, each at its moment. */
export class Weather {
  readonly #scene: Scene;
  readonly #tally: Tally;
  readonly #plan: Planned[] = [];
  readonly #going: Promise<void>[] = [];
  readonly #end = new AbortController();

  constructor(scene: Scene, tally: Tally) {
    this.#scene = scene;
    this.#tally = tally;
    setMaxListeners(0, this.#end.signal);
  }

  /** Some blows, most of them early: most exports are short. A worker that slept through the end of the last export wakes in this one. */
  addBlows(random: Random): void {
    for (const worker of this.#scene.workers)
      if (worker.isFrozen)
        this.#add({
          atMs: random.between(0, 8000),
          what: 'a late wake',
          isDue: true,
          run: () => worker.wake(),
        });
    for (let place = random.pick([0, 0, 1, 1, 2]); place > 0; place -= 1) {
      const what = random.pick(BLOWS);
      const worker = random.pick(this.#scene.workers);
      const isLong = what === 'a freeze longer than a heartbeat';
      const forMs = isLong ? random.between(21_000, 40_000) : random.between(500, 5000);
      const atMs = random.between(0, random.pick([1500, 6000]));
      this.#add({ atMs, what, isDue: false, run: () => this.#strike(what, worker, forMs) });
    }
  }

  /** What people do has to happen: the model knows of it. */
  addDeed(atMs: number, action: string, run: () => void): void {
    this.#add({ atMs, what: `${action} in mid-export`, isDue: true, run });
  }

  #add(planned: Planned): void {
    this.#plan.push(planned);
  }

  begin(): void {
    for (const { atMs, what, isDue, run } of this.#plan) {
      const moment = delay(atMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
      this.#going.push(
        moment.then(() => {
          if (this.#end.signal.aborted && !isDue) return;
          count(this.#tally, what);
          return run();
        }),
      );
    }
    this.#going.push(this.#releaseBatches());
  }

  async end(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#going);
  }

  async #strike(blow: Blow, worker: WorkerProcess, forMs: number): Promise<void> {
    const { workers, server } = this.#scene;
    switch (blow) {
      case 'a killed server':
        return server.restart();
      case 'a killed worker':
        return worker.replace();
      case 'two killed workers':
        await Promise.all(workers.map((one) => one.replace()));
        return;
      case 'a freeze into the next export':
        // The other one goes on alone.
        if (workers.every((one) => !one.isFrozen)) worker.freeze();
        return;
      default:
        if (worker.isFrozen) return;
        worker.freeze();
        await delay(forMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
        worker.wake();
    }
  }

  /** Batches that a fault keeps get on after a while: the export would give them up after half an hour. */
  async #releaseBatches(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await delay(4000, undefined, { signal: this.#end.signal }).catch(() => undefined);
      this.#scene.sandbox.control.releaseBatches();
    }
  }
}
