/** How many requests may be at Mailchimp at one time. Mailchimp counts them per user, over all tools of that user. */
export interface ConnectionLimiter {
  readonly connections: number;
  /** Slots taken now, those of requests that were given up on included. */
  readonly inUse: () => number;
  /** Waits for a slot, first come first served. The returned function gives it back; further calls of it do nothing. */
  readonly acquire: () => Promise<() => void>;
}

/**
 * Keep one for each data centre and login in a process: two limiters for the same login would together open more
 * connections than Mailchimp allows (10, shared with every other tool of that user).
 */
export function createLimiter({ connections }: { readonly connections: number }): ConnectionLimiter {
  if (!Number.isInteger(connections) || connections < 1) throw new RangeError('connections: at least 1');
  const waiting: (() => void)[] = [];
  let taken = 0;

  function slot(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      // The slot changes hands without being free in between, so that nobody overtakes the first in line.
      if (next) next();
      else taken -= 1;
    };
  }

  return {
    connections,
    inUse: () => taken,
    acquire: () =>
      new Promise((resolve) => {
        if (taken < connections) {
          taken += 1;
          resolve(slot());
        } else {
          waiting.push(() => resolve(slot()));
        }
      }),
  };
}
