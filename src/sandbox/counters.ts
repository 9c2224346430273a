/** Requests of one kind, counted. */
export interface RequestCount {
  readonly method: string;
  /** Template below `/3.0`, such as `/lists/{list_id}`. */
  readonly route: string;
  readonly via: 'http' | 'batch';
  /** 0 = the connection was cut. */
  readonly status: number;
  readonly count: number;
}

/** Bytes of bodies on the wire: of API requests and replies, and of downloaded archives. */
export interface ByteCount {
  readonly up: number;
  readonly down: number;
}

/** Operations of batches, and direct writes. */
export interface WorkCount {
  readonly operations: number;
  /** Their minimum total duration, one after another. */
  readonly ms: number;
}

const NO_WORK: WorkCount = { operations: 0, ms: 0 };

/** Counts requests by route and result. */
export class Counters {
  readonly #counts = new Map<string, RequestCount>();
  /** Of any user. */
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

  /** Counts an operation after its simulated duration. */
  worked(operationMs: number): void {
    const { operations, ms } = this.work;
    this.work = { operations: operations + 1, ms: ms + operationMs };
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
