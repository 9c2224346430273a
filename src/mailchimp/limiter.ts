import http, { type Agent } from 'node:http';
import https from 'node:https';
import type { ConnectionBudget } from '../ports/connection-budget';
import { PAGE } from './audiences';
import { createCeiling } from './ceiling';
import { HeldLease } from './held-lease';
import { RequestQueue, type Work } from './request-queue';
import { createRequestSize, type RequestSize } from './request-size';

/** Bounds the simultaneous connections of one Mailchimp user, within this process. */
export interface ConnectionLimiter {
  /**
   * How many requests are worth sending at once: fewer than configured for a while after a 429. With a budget, the connections of all processes,
   * since what others do not use comes here.
   */
  readonly connections: () => number;
  /** Whether there are any now: without a lease, there are none. */
  readonly hasConnections: () => boolean;
  /** Slots in use now, including those of requests that timed out and may still be running. */
  readonly inUse: () => number;
  /**
   * Waits for a slot, in the order of `RequestQueue`.
   * @throws the reason of the signal, once it is aborted; nothing waits then
   */
  readonly acquire: (work?: Work, signal?: AbortSignal) => Promise<Slot>;
  /** The keep-alive agent of all accounts with this limiter. */
  readonly agentFor: (url: string) => Agent;
  /** Rows of a request that writes, and of a page that is read. */
  readonly sizes: { readonly chunk: RequestSize; readonly page: RequestSize };
  /** Halves the slots, after a 429, for a while: see `Ceiling`. */
  readonly backOff: () => void;
  /** Gives what is held of the budget back. */
  readonly close: () => Promise<void>;
}

/** Permission for one request. */
export interface Slot {
  /** Again, it does nothing. */
  readonly release: () => void;
  /** Whether the request may begin still: not when the lease is over since, as in a process that was frozen. */
  readonly mayBegin: () => boolean;
}

export interface LimiterOptions {
  readonly connections: number;
  /** Lends the slots; without it, they are `connections`. */
  readonly budget?: ConnectionBudget | undefined;
}

/** Mailchimp's maximum of members in a request. */
const MAX_CHUNK = 500;

/** Shorter than servers keep an idle connection (usually 5 s): a request on a connection that was just closed fails. */
const IDLE_MS = 4_000;

/**
 * Use one limiter for each data centre and login of a process: two of them would together open more connections than Mailchimp allows
 * a user, which is 10, shared with all other tools of that user.
 * @throws RangeError unless `connections` is a positive integer
 */
export function createLimiter({ connections: max, budget }: LimiterOptions): ConnectionLimiter {
  if (!Number.isInteger(max) || max < 1) throw new RangeError('connections: at least 1');
  const queue = new RequestQueue();
  let used = 0;
  const ceiling = createCeiling();
  let agent: Agent | undefined;
  const lease =
    budget &&
    new HeldLease({
      budget,
      configured: max,
      demand: () => ({ inUse: used, waiting: queue.length, destinations: queue.destinations() }),
      onGrant: admit,
    });
  const most = () => lease?.budget() ?? max;
  const slots = () => Math.min(ceiling.current(), lease ? lease.connections() : max);

  function slot(work: Work): Slot {
    let isReleased = false;
    const mayBegin = lease?.watch();
    return {
      mayBegin: mayBegin ?? (() => true),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        used -= 1;
        queue.release(work);
        ceiling.ended(most());
        admit();
        lease?.notice();
      },
    };
  }

  function admit(): void {
    while (used < slots()) {
      used += 1;
      if (queue.admitNext()) continue;
      used -= 1;
      return;
    }
  }

  return {
    sizes: { chunk: createRequestSize(MAX_CHUNK), page: createRequestSize(PAGE) },
    connections: () => Math.min(ceiling.current(), most()),
    hasConnections: () => slots() > 0,
    inUse: () => used,
    acquire: (work = {}, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        // Always through the queue, so that no caller overtakes one that waits.
        const leave = queue.add(work, () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(slot(work));
        });
        const giveUp = () => {
          leave();
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', giveUp, { once: true });
        admit();
        lease?.notice();
      }),
    agentFor: (url) => {
      const { protocol } = new URL(url);
      agent ??= new (protocol === 'https:' ? https : http).Agent({
        keepAlive: true,
        timeout: IDLE_MS,
        scheduling: 'lifo',
      });
      return agent;
    },
    backOff: () => ceiling.halve(slots() || most()),
    close: async () => lease?.close(),
  };
}
