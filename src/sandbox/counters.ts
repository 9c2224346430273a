export interface RequestCount {
  readonly method: string;
  /** Template below `/3.0`, such as `/lists/{list_id}`. */
  readonly route: string;
  readonly via: 'http' | 'batch';
  /** 0 = the connection was cut. */
  readonly status: number;
  readonly count: number;
}

/** What bodies weighed on the wire: of API requests and replies, and of the archives that were downloaded. */
export interface ByteCount {
  readonly up: number;
  readonly down: number;
}

/** Operations of batches, and direct writes. */
export interface WorkCount {
  readonly operations: number;
  /** What they take at the least, one after another. */
  readonly ms: number;
  /** Unix milliseconds in which the first one began and the last one ended; 0 = none. */
  readonly firstAt: number;
  readonly lastAt: number;
}

const NO_WORK: WorkCount = { operations: 0, ms: 0, firstAt: 0, lastAt: 0 };

/** How often what was asked, and what came of it. */
export class Counters {
  readonly #counts = new Map<string, RequestCount>();
  /** Of whichever user. */
  maxConcurrent = 0;
  bytes: ByteCount = { up: 0, down: 0 };
  work: WorkCount = NO_WORK;

  add(request: Omit<RequestCount, 'count'>): void {
    const key = `${request.method} ${request.route} ${request.via} ${request.status}`;
    this.#counts.set(key, { ...request, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  concurrent(inFlight: number): void {
    if (inFlight > this.maxConcurrent) this.maxConcurrent = inFlight;
  }

  carried(up: number, down: number): void {
    this.bytes = { up: this.bytes.up + up, down: this.bytes.down + down };
  }

  /** An operation that began at `start` (of `performance.now()`) and had to take so long has ended. */
  worked(start: number, operationMs: number): void {
    const { operations, ms, firstAt } = this.work;
    this.work = {
      operations: operations + 1,
      ms: ms + operationMs,
      firstAt: firstAt || performance.timeOrigin + start,
      lastAt: Date.now(),
    };
  }

  list(): RequestCount[] {
    return [...this.#counts.values()];
  }

  clear(): void {
    this.#counts.clear();
    this.maxConcurrent = 0;
    this.bytes = { up: 0, down: 0 };
    this.work = NO_WORK;
  }
}
