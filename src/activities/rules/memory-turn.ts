/** The last work of each export that takes or awaits its turn. */
const turns = new Map<string, Promise<unknown>>();

/** Work that was cancelled ends its statement at once. What still runs then ignores the signal, and may never end. */
const MOST_MS_AFTER_CANCELLATION = 10_000;

/**
 * Runs the work of one export after its earlier work in this process: two steps that run side by side may each take all of
 * `staging.memoryLimit`, and the memory of a worker is planned for one of them.
 *
 * Earlier work whose step was cancelled, or has timed out, is not awaited for long: a source that hangs would hold up each retry.
 * @param cancelled aborted when the step of the work is cancelled
 */
export async function inMemoryTurn<Result>(
  exportId: string,
  work: () => Promise<Result>,
  cancelled: AbortSignal,
): Promise<Result> {
  const before = turns.get(exportId) ?? Promise.resolve();
  const result = before.then(work);
  const ended = Promise.race([result.catch(() => undefined), longAfter(cancelled)]);
  const turn = Promise.all([before, ended]);
  turns.set(exportId, turn);
  try {
    return await result;
  } finally {
    if (turns.get(exportId) === turn) turns.delete(exportId);
  }
}

function longAfter(cancelled: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wait = () => void setTimeout(resolve, MOST_MS_AFTER_CANCELLATION).unref();
    if (cancelled.aborted) wait();
    else cancelled.addEventListener('abort', wait, { once: true });
  });
}
