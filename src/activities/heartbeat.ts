import { Context } from '@temporalio/activity';

/**
 * A step learns from the reply to a heartbeat that it was cancelled, and then ends within two seconds. Temporal Cloud bills each heartbeat like a
 * step: most steps end before the first one.
 */
const HEARTBEAT_MS = 1_000;

/** Shown in the Web UI for a pending activity. Counts and references only: heartbeats are kept by the server. */
type Progress = Readonly<Record<string, number | string>>;

export interface Heartbeat {
  /** Sets the details of the next heartbeats. */
  readonly report: (progress: Progress) => void;
  /** @throws CancelledFailure once cancellation of the step was requested */
  readonly throwIfCancelled: () => void;
  /** Aborted when cancellation of the step is requested. */
  readonly cancelled: AbortSignal;
}

/** Sends heartbeats from a timer, not from the work: otherwise one slow request would look like a dead worker. */
export async function withHeartbeat<Result>(
  work: (heartbeat: Heartbeat) => Promise<Result>,
): Promise<Result> {
  let progress: Progress = {};
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(progress), HEARTBEAT_MS);
  try {
    return await work({
      report: (next) => {
        progress = next;
      },
      throwIfCancelled: () => context.cancellationSignal.throwIfAborted(),
      cancelled: context.cancellationSignal,
    });
  } finally {
    clearInterval(timer);
  }
}
