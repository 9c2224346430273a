import { performance } from 'node:perf_hooks';

/**
 * Simulated work keeps to its time. Timers fire late and the work itself takes some milliseconds: what one operation took too
 * long, the next one makes up for, so that 2,000 operations of 100 ms, one after another, take 200 seconds and no more.
 * All times are those of `performance.now()`.
 */

/** Operations of batches: one after another in each of the account's lanes, from batch to batch. */
export class BatchPace {
  readonly #freeSince: number[] = [];

  /** For one batch, which came at `arrived`. Give it back when the batch is over. */
  take(arrived: number): BatchLane {
    return new BatchLane(Math.max(this.#freeSince.pop() ?? 0, arrived));
  }

  giveBack(lane: BatchLane): void {
    this.#freeSince.push(lane.due);
  }
}

export class BatchLane {
  /** When the operation at hand ends, or the last one ended. */
  due: number;

  constructor(start: number) {
    this.due = start;
  }

  /** Returns the milliseconds from now until the next operation of so many ends; 0 when that has passed. */
  next(operationMs: number): number {
    const now = performance.now();
    if (operationMs === 0) this.due = now;
    else this.due += operationMs;
    return Math.max(0, this.due - now);
  }

  /** The batch stood still, and no operation made use of that. */
  stoodStill(): void {
    this.due = Math.max(this.due, performance.now());
  }
}

/** Direct writes: each from its arrival to its reply, on as many connections as the client has. */
export class DirectPace {
  readonly #late: number[] = [];

  /** Returns when a write that came at `arrived` is due. */
  due(arrived: number, operationMs: number): number {
    // By how much an earlier reply was late, the client could not send the next request sooner.
    return arrived + operationMs - (this.#late.pop() ?? 0);
  }

  replied(due: number): void {
    this.#late.push(Math.max(0, performance.now() - due));
  }
}
