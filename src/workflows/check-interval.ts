const MINUTE_MS = 60_000;

/** Minutes before each check. A signal says when an export has ended; a check finds what a signal does not say. */
const INTERVALS = [1, 1, 3, 5, 10, 20];
const LAST_INTERVAL = 45;

/** @param round from 0 @param most minutes */
export function checkIntervalMs(round: number, most = LAST_INTERVAL): number {
  return Math.min(INTERVALS[round] ?? LAST_INTERVAL, most) * MINUTE_MS;
}
