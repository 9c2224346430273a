import http, { type Agent } from 'node:http';
import https from 'node:https';
import { PAGE } from './audiences';
import { createRequestSize, type RequestSize } from './request-size';

/** Bounds the simultaneous connections of one Mailchimp user, within this process. */
export interface ConnectionLimiter {
  /** Number of slots now: fewer than configured for a while after a 429. */
  readonly connections: () => number;
  /** Slots in use now, including those of requests that timed out and may still be running. */
  readonly inUse: () => number;
  /** Waits for a slot, first in, first out. The returned function releases it; calling it again does nothing. */
  readonly acquire: () => Promise<() => void>;
  /** The keep-alive agent of all accounts with this limiter. */
  readonly agentFor: (url: string) => Agent;
  /** Rows of a request that writes, and of a page that is read. */
  readonly sizes: { readonly chunk: RequestSize; readonly page: RequestSize };
  /** Halves the slots, after a 429. One slot returns after every `REQUESTS_PER_SLOT` requests that end without another call. */
  readonly backOff: () => void;
}

const REQUESTS_PER_SLOT = 20;

/** Mailchimp's maximum of members in a request. */
const MAX_CHUNK = 500;

/** Shorter than servers keep an idle connection (usually 5 s): a request on a connection that was just closed fails. */
const IDLE_MS = 4_000;

/**
 * Use one limiter for each data centre and login of a process: two of them would together open more connections than Mailchimp allows
 * a user, which is 10, shared with all other tools of that user.
 * @throws RangeError unless `connections` is a positive integer
 */
export function createLimiter({ connections: max }: { readonly connections: number }): ConnectionLimiter {
  if (!Number.isInteger(max) || max < 1) throw new RangeError('connections: at least 1');
  const waiting: (() => void)[] = [];
  let slots = max;
  let used = 0;
  let endedSinceBackOff = 0;
  let agent: Agent | undefined;

  function slot(): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      used -= 1;
      recover();
      admit();
    };
  }

  function recover(): void {
    endedSinceBackOff += 1;
    if (slots === max || endedSinceBackOff < REQUESTS_PER_SLOT) return;
    slots += 1;
    endedSinceBackOff = 0;
  }

  function admit(): void {
    while (used < slots) {
      const next = waiting.shift();
      if (!next) return;
      used += 1;
      next();
    }
  }

  return {
    sizes: { chunk: createRequestSize(MAX_CHUNK), page: createRequestSize(PAGE) },
    connections: () => slots,
    inUse: () => used,
    acquire: () =>
      new Promise((resolve) => {
        // Always through the queue, so that no caller overtakes one that waits.
        waiting.push(() => resolve(slot()));
        admit();
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
    backOff: () => {
      slots = Math.max(1, Math.floor(slots / 2));
      endedSinceBackOff = 0;
    },
  };
}
