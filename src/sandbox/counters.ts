export interface RequestCount {
  readonly method: string;
  /** Template below `/3.0`, such as `/lists/{list_id}`. */
  readonly route: string;
  readonly via: 'http' | 'batch';
  /** 0 = the connection was cut. */
  readonly status: number;
  readonly count: number;
}

/** How often what was asked, and what came of it. */
export class Counters {
  readonly #counts = new Map<string, RequestCount>();
  maxConcurrent = 0;

  add(request: Omit<RequestCount, 'count'>): void {
    const key = `${request.method} ${request.route} ${request.via} ${request.status}`;
    this.#counts.set(key, { ...request, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  concurrent(inFlight: number): void {
    if (inFlight > this.maxConcurrent) this.maxConcurrent = inFlight;
  }

  list(): RequestCount[] {
    return [...this.#counts.values()];
  }

  clear(): void {
    this.#counts.clear();
    this.maxConcurrent = 0;
  }
}
