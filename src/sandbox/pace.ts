import { performance } from 'node:perf_hooks';

/** Milliseconds of a clock that never goes back. */
export type MonotonicClock = () => number;

const sinceStart: MonotonicClock = () => performance.now();

/**
 * Keeps simulated work on time. Timers fire late and the work itself takes some milliseconds, so the next operation compensates for
 * the delay of the previous one: 2,000 sequential operations of 100 ms take exactly 200 seconds.
 * All times are values of the clock.
 */

/** Operations of batches: sequential in each lane of the account, across batches. */
export class BatchPace {
  readonly #freeSince: number[] = [];
  readonly #now: MonotonicClock;

  constructor(now = sinceStart) {
    this.#now = now;
  }

  /** A lane for a batch that arrived at `arrived`. Return it with `giveBack` when the batch ends. */
  take(arrived: number): BatchLane {
    return new BatchLane(Math.max(this.#freeSince.pop() ?? 0, arrived), this.#now);
  }

  giveBack(lane: BatchLane): void {
    this.#freeSince.push(lane.due);
  }
}

export class BatchLane {
  /** When the current operation ends, or the last one ended. */
  due: number;
  readonly #now: MonotonicClock;

  constructor(start: number, now: MonotonicClock) {
    this.due = start;
    this.#now = now;
  }

  /** Returns the milliseconds until the next operation of this duration ends; 0 when that time has passed. */
  next(operationMs: number): number {
    const now = this.#now();
    if (operationMs === 0) this.due = now;
    else this.due += operationMs;
    return Math.max(0, this.due - now);
  }

  /** Call after the batch waited without an operation, so that the wait does not count as simulated work. */
  waited(): void {
    this.due = Math.max(this.due, this.#now());
  }
}

/** Direct writes: each is timed from its arrival to its reply, on as many connections as the client has. */
export class DirectPace {
  readonly #late: number[] = [];
  readonly #now: MonotonicClock;

  constructor(now = sinceStart) {
    this.#now = now;
  }

  /** Returns when the reply to a write that arrived at `arrived` is due. */
  due(arrived: number, operationMs: number): number {
    // A late reply delayed the client's next request by the same time, so this request is due that much earlier.
    return arrived + operationMs - (this.#late.pop() ?? 0);
  }

  replied(due: number): void {
    this.#late.push(Math.max(0, this.#now() - due));
  }
}
