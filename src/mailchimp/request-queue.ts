/** What a request belongs to: decides whose turn it is. */
export interface Work {
  /** @default a destination of no name */
  readonly destinationId?: string | undefined;
  /** Requests that the work still needs, about. @default few: it only reads, or checks */
  readonly requests?: number | undefined;
}

/** So few requests are over in a moment. */
const FEW_REQUESTS = 4;

/** Every so many admissions, the request that has waited longest is next, whatever it is for: so none waits for ever. */
const OLDEST_EVERY = 4;

interface Waiting {
  readonly work: Work;
  readonly admit: () => void;
}

/**
 * Requests that wait for a connection. Those of small work are first, since people wait for it; then those of the destination that uses the fewest
 * connections; then by their time.
 */
export class RequestQueue {
  #waiting: Waiting[] = [];
  #admitted = 0;
  readonly #inUse = new Map<string, number>();

  get length(): number {
    return this.#waiting.length;
  }

  /** Destinations with requests that wait, or use a connection. */
  destinations(): ReadonlySet<string> {
    return new Set([...this.#inUse.keys(), ...this.#waiting.map(({ work }) => nameOf(work))]);
  }

  /** @returns what takes the request out of the queue; afterwards it does nothing */
  add(work: Work, admit: () => void): () => void {
    const waiting: Waiting = { work, admit };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    };
  }

  /** Gives a connection to the next request. @returns whether there was one */
  admitNext(): boolean {
    const next = this.#next();
    if (!next) return false;
    this.#waiting = this.#waiting.filter((other) => other !== next);
    this.#admitted += 1;
    this.#count(next.work, 1);
    next.admit();
    return true;
  }

  /** The connection of such a request is free again. */
  release(work: Work): void {
    this.#count(work, -1);
  }

  #next(): Waiting | undefined {
    const [oldest] = this.#waiting;
    if (!oldest || this.#admitted % OLDEST_EVERY === OLDEST_EVERY - 1) return oldest;
    return this.#waiting.find(({ work }) => isSmall(work)) ?? this.#ofLeastServed();
  }

  #ofLeastServed(): Waiting | undefined {
    const inUse = ({ work }: Waiting) => this.#inUse.get(nameOf(work)) ?? 0;
    return this.#waiting.reduce<Waiting | undefined>(
      (least, waiting) => (least && inUse(least) <= inUse(waiting) ? least : waiting),
      undefined,
    );
  }

  #count(work: Work, change: 1 | -1): void {
    const name = nameOf(work);
    const inUse = (this.#inUse.get(name) ?? 0) + change;
    if (inUse > 0) this.#inUse.set(name, inUse);
    else this.#inUse.delete(name);
  }
}

function nameOf({ destinationId = '' }: Work): string {
  return destinationId;
}

function isSmall({ requests = 0 }: Work): boolean {
  return requests <= FEW_REQUESTS;
}
