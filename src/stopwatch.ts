/** Milliseconds since it was started. */
export type Stopwatch = () => number;

/**
 * Counts the time in which the process was frozen, too. Of the two clocks one stands still while the machine is suspended; the other may be set back.
 */
export function startStopwatch(): Stopwatch {
  const [wall, monotonic] = [Date.now(), performance.now()];
  return () => Math.max(Date.now() - wall, performance.now() - monotonic);
}
