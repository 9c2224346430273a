import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Moments of `performance.now()`, by user: the limits of Dataverse are those of a user, over all that reads as it. */
const pausedUntil = new Map<string, number>();

/**
 * Keeps all readings of this process that are the same user from sending while Dataverse has asked for a pause: requests that come in that
 * time lengthen it.
 */
export class Throttle {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  pause(seconds: number): void {
    const until = performance.now() + seconds * 1000;
    pausedUntil.set(this.#user, Math.max(until, pausedUntil.get(this.#user) ?? 0));
  }

  /** How long the present pause lasts. */
  get secondsLeft(): number {
    return Math.max(0, ((pausedUntil.get(this.#user) ?? 0) - performance.now()) / 1000);
  }

  /** Resolves when requests may be sent. @throws when `stopped` is aborted */
  async pass(stopped: AbortSignal): Promise<void> {
    // In a loop: another reading may have been asked for a longer pause.
    for (let left = this.secondsLeft; left > 0; left = this.secondsLeft) {
      await sleep(Math.ceil(left * 1000), undefined, { signal: stopped });
    }
    pausedUntil.delete(this.#user);
  }
}
