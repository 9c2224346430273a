/** Work that shares what works on it: the connections of an account, the processor of a worker. */
interface Job<Of> {
  readonly of: Of;
  left: number;
  rate: number;
}

/** @returns for work in ascending order, how much of it is done in a second */
type Divide = (left: readonly number[]) => readonly number[];

/** What is shared, and when the next work on it ends. */
export class Shared<Of> {
  readonly #divide: Divide;
  #jobs: Job<Of>[] = [];
  #at = 0;
  /** Seconds in which there was work. */
  busy = 0;
  nextAt = Infinity;

  constructor(divide: Divide) {
    this.#divide = divide;
  }

  add(of: Of, work: number, now: number): void {
    this.#advance(now);
    this.#jobs.push({ of, left: work, rate: 0 });
    this.#share();
  }

  /** The work that has ended by now. */
  take(now: number): Of[] {
    this.#advance(now);
    const ended = this.#jobs.filter(({ left }) => left <= NOTHING);
    this.#jobs = this.#jobs.filter(({ left }) => left > NOTHING);
    this.#share();
    return ended.map(({ of }) => of);
  }

  #advance(now: number): void {
    if (this.#jobs.length > 0) this.busy += now - this.#at;
    for (const job of this.#jobs) job.left -= job.rate * (now - this.#at);
    this.#at = now;
  }

  #share(): void {
    this.#jobs.sort((one, other) => one.left - other.left);
    const rates = this.#divide(this.#jobs.map(({ left }) => left));
    this.nextAt = Infinity;
    for (const [place, job] of this.#jobs.entries()) {
      job.rate = rates[place]!;
      if (job.rate > 0) this.nextAt = Math.min(this.nextAt, this.#at + Math.max(0, job.left) / job.rate);
    }
  }
}

/** Of work: less is rounding. */
const NOTHING = 1e-6;

/** Everything gets as much: two exports that prepare take twice as long. */
export const equally: Divide = (left) => left.map(() => 1 / left.length);

/**
 * Each export gets one connection, the small ones first, and what is left is divided equally; none gets more than it has requests.
 * @param connections of the account
 */
export function fairly(connections: number, operationSeconds: number): Divide {
  return (left) => {
    const given = left.map(() => 0);
    let free = connections;
    while (free > 0) {
      const wanting = left.flatMap((work, place) => (given[place]! < Math.ceil(work) ? [place] : []));
      if (wanting.length === 0) break;
      for (const place of wanting.slice(0, free)) given[place]! += 1;
      free -= Math.min(free, wanting.length);
    }
    return given.map((some) => some / operationSeconds);
  };
}
