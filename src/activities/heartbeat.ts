import { Context } from '@temporalio/activity';

const BEAT_MS = 5_000;

/** What people see in the Web UI's card of a pending step. Counts only. */
type Progress = Readonly<Record<string, number | string>>;

export interface Pulse {
  /** Replaces what the next beats tell. */
  readonly tell: (progress: Progress) => void;
  /** @throws CancelledFailure as soon as the step was asked to stop */
  readonly throwIfCancelled: () => void;
}

/** Beats from a timer, not from the work: so one slow request is not taken for a dead worker. */
export async function withHeartbeat<Result>(work: (pulse: Pulse) => Promise<Result>): Promise<Result> {
  let progress: Progress = {};
  const context = Context.current();
  const beat = () => context.heartbeat(progress);
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    return await work({
      tell: (next) => {
        progress = next;
      },
      throwIfCancelled: () => context.cancellationSignal.throwIfAborted(),
    });
  } finally {
    clearInterval(timer);
  }
}
