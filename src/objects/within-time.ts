/** Of one request with all its repetitions. */
const LONGEST_MS = 120_000;

/**
 * Limits the time in which a request is answered. A body goes on after its answer, so its time is not limited.
 * @throws the reason of the signal, where it is aborted
 */
export async function withinTime<Result>(
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), LONGEST_MS);
  try {
    const stop = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    return await orAborted(send(stop), stop);
  } finally {
    clearTimeout(timer);
  }
}

/** A client that waits before it repeats a request does not look at the signal until it does. */
function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
