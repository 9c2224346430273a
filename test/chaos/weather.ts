import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../../src/sandbox';
import type { Blow, Choices } from './choices';
import type { Server, WorkerProcess } from './processes';

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

  /** A worker that slept through the end of the last export wakes in this one. */
  addBlows({ blows, lateWakesMs }: Choices): void {
    for (const [place, worker] of this.#scene.workers.entries())
      if (worker.isFrozen)
        this.#add({
          atMs: lateWakesMs[place]!,
          what: 'a late wake',
          isDue: true,
          run: () => worker.wake(),
        });
    for (const blow of blows)
      this.#add({ atMs: blow.atMs, what: blow.what, isDue: false, run: () => this.#strike(blow) });
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

  async #strike({ what, worker: place, forMs }: Blow): Promise<void> {
    const { workers, server } = this.#scene;
    const worker = workers[place]!;
    switch (what) {
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

  /**
   * Batches get on after a while, whatever keeps them: a fault, which the export would give up after half an hour, or reads that do not come,
   * since a batch whose reply was lost is listed ever less often.
   */
  async #releaseBatches(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await delay(4000, undefined, { signal: this.#end.signal }).catch(() => undefined);
      this.#scene.sandbox.control.set({ batchPolls: 0 });
      this.#scene.sandbox.control.releaseBatches();
    }
  }
}
