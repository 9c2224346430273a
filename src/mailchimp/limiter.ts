import http, { type Agent } from 'node:http';
import https from 'node:https';

/** Bounds the simultaneous connections of one Mailchimp user, within this process. */
export interface ConnectionLimiter {
  /** How many slots there are now: fewer than configured for a while after Mailchimp said that it was too much. */
  readonly connections: () => number;
  /** Slots taken now, those of requests that were given up on included. */
  readonly inUse: () => number;
  /** Waits for a slot, first come first served. The returned function gives it back; further calls of it do nothing. */
  readonly acquire: () => Promise<() => void>;
  /** Keeps connections open between requests, for all accounts with this limiter. */
  readonly agentFor: (url: string) => Agent;
  /** Halves the slots. Each `REQUESTS_PER_SLOT` requests that end without this being called again bring one back. */
  readonly tooMuch: () => void;
}

const REQUESTS_PER_SLOT = 20;

/** Shorter than servers keep an idle connection (five seconds is usual): using one that was just closed costs a slot its time. */
const IDLE_MS = 4_000;

/**
 * Keep one for each data centre and login in a process: two limiters for the same login would together open more
 * connections than Mailchimp allows (10, shared with every other tool of that user).
 */
export function createLimiter({ connections: most }: { readonly connections: number }): ConnectionLimiter {
  if (!Number.isInteger(most) || most < 1) throw new RangeError('connections: at least 1');
  const waiting: (() => void)[] = [];
  let slots = most;
  let taken = 0;
  let calm = 0;
  let agent: Agent | undefined;

  function slot(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      taken -= 1;
      recover();
      admit();
    };
  }

  function recover(): void {
    calm += 1;
    if (slots === most || calm < REQUESTS_PER_SLOT) return;
    slots += 1;
    calm = 0;
  }

  function admit(): void {
    while (taken < slots) {
      const next = waiting.shift();
      if (!next) return;
      taken += 1;
      next();
    }
  }

  return {
    connections: () => slots,
    inUse: () => taken,
    acquire: () =>
      new Promise((resolve) => {
        // Behind those who wait already, so that nobody overtakes the first in line.
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
    tooMuch: () => {
      slots = Math.max(1, Math.floor(slots / 2));
      calm = 0;
    },
  };
}
