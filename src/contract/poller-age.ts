/** A worker's long poll lasts one minute, so a worker that was last seen earlier than this has stopped. */
const MAX_POLL_AGE_MS = 90_000;

/** The server forgets a worker after five minutes: one that seems older shows that our clock is ahead, and may poll. */
export const FORGOTTEN_AFTER_MS = 6 * 60_000;

/** @param ageMs since the server last saw the worker, by our clock */
export function mayPoll(ageMs: number): boolean {
  return ageMs < MAX_POLL_AGE_MS || ageMs > FORGOTTEN_AFTER_MS;
}
