import { MOST_CONNECTIONS, NAMED_DESTINATIONS, type Lease } from '../contract/account-budget';
import type { ConnectionBudget } from '../ports/connection-budget';
import { startStopwatch, type Stopwatch } from '../stopwatch';

/** What the requests of a process need now. */
interface Demand {
  readonly inUse: number;
  readonly waiting: number;
  readonly destinations: ReadonlySet<string>;
}

export interface HeldLeaseOptions {
  readonly budget: ConnectionBudget;
  /** `accounts.NAME.connections` of the configuration. */
  readonly configured: number;
  readonly demand: () => Demand;
  /** There may be more connections than before. */
  readonly onGrant: () => void;
  /** How often it looks whether it has to ask, in milliseconds. @default 250 */
  readonly tickMs?: number;
}

/** Between two requests for connections. */
const LEAST_BETWEEN_MS = 250;
/** A need that falls is said once it has lasted. */
const FALL_MS = 1_000;
/** Connections that are to be given back are still in use: until it says how many. */
const REPORT_MS = 1_000;
/** Without work, it keeps its connections so long: small exports in a row then need no further request. */
const LINGER_MS = 3_000;
/** The need is the highest of so long, since a step uses fewer connections between two chunks. */
const PEAK_MS = 1_500;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000] as const;

interface Held extends Lease {
  /** Since before it was asked for. */
  readonly age: Stopwatch;
}

/**
 * The connections that this process holds of the budget of its Mailchimp user. Asks when there is work, asks again while there is, and gives all
 * back soon after. A lease counts from before it was asked for, so it ends here before it ends where the budget is divided. Without an answer
 * there are no connections once the lease is over.
 */
export class HeldLease {
  readonly #options: HeldLeaseOptions;
  #held: Held | undefined;
  /** Of the last request; a later one replaces it. */
  #number = 0;
  #isPending = false;
  #asked = 0;
  #askedAtMs = -Infinity;
  #nextAtMs = 0;
  #failures = 0;
  #isGivingBack = false;
  /** How often there were no connections for a while. */
  #breaks = 0;
  #busyAtMs = 0;
  #peaks: Peaks = { beganAtMs: 0, now: 0, before: 0 };
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: HeldLeaseOptions) {
    this.#options = options;
  }

  /** Connections that requests may use now. */
  connections(): number {
    return this.#held && !isOver(this.#held) ? this.#held.connections : 0;
  }

  /** @returns whether there were connections without a break since now */
  watch(): () => boolean {
    const breaks = this.#breaks;
    return () => this.#breaks === breaks && this.connections() > 0;
  }

  /** Connections of all processes together, as the last answer said. */
  budget(): number {
    return this.#held?.budget ?? this.#options.configured;
  }

  /** A request waits, or has ended. */
  notice(): void {
    if (this.#isClosed) return;
    const { inUse, waiting } = this.#options.demand();
    this.#peaks = withNeed(this.#peaks, inUse + waiting);
    if (!this.#timer) this.#begin();
    this.#consider();
  }

  /** Afterwards there are no connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.budget.close();
    await this.#giveBack();
    this.#stop();
  }

  #begin(): void {
    this.#timer = setInterval(() => this.#consider(), this.#options.tickMs ?? LEAST_BETWEEN_MS);
    this.#timer.unref();
    this.#nextAtMs = 0;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #consider(): void {
    const { inUse, waiting } = this.#options.demand();
    const nowMs = performance.now();
    if (inUse + waiting > 0) this.#busyAtMs = nowMs;
    else if (nowMs - this.#busyAtMs < LINGER_MS) return;
    else {
      this.#stop();
      void this.#giveBack();
      return;
    }
    if (this.#mustAsk(nowMs, inUse)) void this.#ask();
  }

  #mustAsk(nowMs: number, inUse: number): boolean {
    if (!this.#isPending && nowMs >= this.#nextAtMs) return true;
    if (this.#failures > 0) return false;
    const sinceMs = nowMs - this.#askedAtMs;
    if (sinceMs < LEAST_BETWEEN_MS) return false;
    const connections = this.connections();
    if (this.#isGivingBack && inUse <= connections) return true;
    const wants = this.#wants();
    if (wants > this.#asked && wants > connections) return true;
    const falls = wants < this.#asked && wants < connections;
    return falls && this.#held?.isContended === true && sinceMs >= FALL_MS;
  }

  #wants(): number {
    const { inUse, waiting } = this.#options.demand();
    this.#peaks = withNeed(this.#peaks, inUse + waiting);
    return Math.min(MOST_CONNECTIONS, Math.max(this.#peaks.now, this.#peaks.before));
  }

  async #ask(): Promise<void> {
    const { budget, configured, demand } = this.#options;
    const { inUse, destinations } = demand();
    this.#number += 1;
    const number = this.#number;
    const age = startStopwatch();
    this.#askedAtMs = performance.now();
    this.#isPending = true;
    this.#isGivingBack = false;
    this.#asked = this.#wants();
    try {
      const lease = await budget.ask({
        number,
        configured,
        wants: this.#asked,
        connections: this.connections(),
        inUse,
        isContended: this.#held?.isContended ?? false,
        destinations: destinations.size,
        names: [...destinations].filter((name) => name !== '').slice(0, NAMED_DESTINATIONS),
      });
      if (number === this.#number) this.#take({ ...lease, age });
    } catch {
      // What is held stays until its lease is over.
      if (number === this.#number) this.#fail();
    }
  }

  #take(held: Held): void {
    const nowMs = performance.now();
    const isOverdrawn = this.#options.demand().inUse > held.connections;
    if (this.connections() === 0) this.#breaks += 1;
    this.#held = held;
    this.#isPending = false;
    this.#failures = 0;
    this.#isGivingBack = isOverdrawn;
    const waitMs = isOverdrawn ? REPORT_MS : held.renewAfterSeconds * 1000;
    this.#nextAtMs = Math.max(nowMs + waitMs, this.#askedAtMs + LEAST_BETWEEN_MS);
    this.#options.onGrant();
    this.#consider();
  }

  #fail(): void {
    const waitMs = RETRY_MS[this.#failures] ?? RETRY_MS.at(-1)!;
    this.#failures += 1;
    this.#isPending = false;
    this.#nextAtMs = performance.now() + waitMs;
  }

  async #giveBack(): Promise<void> {
    if (!this.#held && !this.#isPending) return;
    this.#held = undefined;
    this.#isPending = false;
    this.#failures = 0;
    this.#number += 1;
    // A request without an answer may still be running: its connection is free when the lease ends.
    await this.#options.budget.release({ number: this.#number, inUse: this.#options.demand().inUse });
  }
}

function isOver({ age, seconds }: Held): boolean {
  return age() >= seconds * 1000;
}

interface Peaks {
  readonly beganAtMs: number;
  readonly now: number;
  readonly before: number;
}

function withNeed(peaks: Peaks, need: number): Peaks {
  const nowMs = performance.now();
  const ageMs = nowMs - peaks.beganAtMs;
  if (ageMs < PEAK_MS) return { ...peaks, now: Math.max(peaks.now, need) };
  return { beganAtMs: nowMs, now: need, before: ageMs < 2 * PEAK_MS ? peaks.now : need };
}
