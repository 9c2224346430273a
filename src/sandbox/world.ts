import type { Account } from './model/account';
import type { Audience } from './model/audience';
import type { SandboxSettings } from './options';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counters } from './counters';
import { FaultBook } from './faults';

/** The complete state of the sandbox, shared by all of its parts. */
export class World {
  readonly accounts: Account[] = [];
  readonly settings: SandboxSettings;
  readonly faults = new FaultBook();
  readonly counters = new Counters();
  /** Mistakes of a client that Mailchimp ignores without an error: unknown routes and fields. */
  readonly warnings = new Set<string>();
  readonly #clock: () => number;
  readonly #closing = new AbortController();

  constructor(settings: SandboxSettings, clock: () => number) {
    this.settings = settings;
    this.#clock = clock;
  }

  /** Of any account. */
  audience(id: string): Audience | undefined {
    for (const account of this.accounts) {
      const audience = account.audiences.get(id);
      if (audience) return audience;
    }
    return undefined;
  }

  /** Unix milliseconds. */
  now(): number {
    return this.#clock();
  }

  /** Unix seconds. */
  seconds(): number {
    return Math.floor(this.#clock() / 1000);
  }

  warn(text: string): void {
    if (this.warnings.size < 1000) this.warnings.add(text);
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
  }

  /** @throws AbortError when the sandbox closes during the pause */
  async pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#closing.signal });
  }
}
