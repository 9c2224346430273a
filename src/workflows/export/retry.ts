import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Reason } from '../../contract/reason';
import { backOffMs, HandOver, handOverWhenLong } from '../back-off';
import { needsOperator, isTransient, reasonOf } from '../failure';
import { refreshDetails, setObstacle, type Run } from './run';

/** In runs of version 0.3.0. */
const MINUTE_MS = 60_000;
const FORMER_FIRST_MS = 5 * MINUTE_MS;
const FORMER_MAX_MS = 30 * MINUTE_MS;

/**
 * Runs a step until it succeeds, is cancelled, or fails for good. When Temporal has given up retrying a step, the export shows that
 * it waits; when an operator has to fix something, it stops until `resume`, which runs the preflight again.
 */
export async function withRetry<Result>(run: Run, step: () => Promise<Result>): Promise<Result> {
  const me = {};
  try {
    for (let round = 1; ; round++) {
      try {
        const result = await step();
        // A step that succeeds beside one that has stopped says nothing of its cause.
        if (!isStopped(run)) run.record.stoppedFor = undefined;
        if (run.obstacle?.kind === 'waiting') setObstacle(run, null);
        return result;
      } catch (error) {
        if (isCancellation(error) || error instanceof HandOver) throw error;
        const reason = reasonOf(error);
        if (needsOperator(reason)) await untilResumed(run, reason);
        else if (!isTransient(reason)) throw error;
        else if (run.isSince040) await backOff(run, reason, { round, me });
        else await formerBackOff(run, reason, round);
      }
    }
  } finally {
    if (run.prober === me) run.prober = null;
  }
}

/** While paused, an export starts no new work, including retries. */
export async function waitWhilePaused({ record }: Run): Promise<void> {
  await condition(() => !record.isPaused);
}

/** Runs a long step that may be stopped and started again at any time: a pause cancels it, and it starts again after `resume`. */
export async function interruptOnPause<Result>(run: Run, step: () => Promise<Result>): Promise<Result> {
  const around = CancellationScope.current();
  for (;;) {
    await waitWhilePaused(run);
    const scope = new CancellationScope();
    let isOver = false;
    const paused = condition(() => isOver || run.record.isPaused).then(() => isOver || scope.cancel());
    try {
      return await scope.run(step);
    } catch (error) {
      if (!isCancellation(error) || around.consideredCancelled) throw error;
    } finally {
      isOver = true;
      await paused.catch(() => undefined);
    }
  }
}

const isStopped = ({ obstacle }: Run) => obstacle?.kind === 'stopped';

async function untilResumed(run: Run, reason: Reason): Promise<void> {
  stop(run, reason);
  run.prober = null;
  await condition(() => !isStopped(run));
  refreshDetails(run);
  await run.recheck;
}

function stop(run: Run, reason: Reason): void {
  run.recheck = null;
  setObstacle(run, { kind: 'stopped', reason });
}

/**
 * One step tries again by a timer, and the others wait for its success: otherwise each of them would ask a provider that is absent, and fill
 * the history.
 */
async function backOff(
  run: Run,
  reason: Reason,
  { round, me }: { readonly round: number; readonly me: object },
): Promise<void> {
  const isOver = () => run.obstacle?.kind !== 'waiting';
  if (run.prober !== null && run.prober !== me && !isOver()) {
    await condition(() => run.prober === null || isOver());
    return;
  }
  if (run.input.kind === 'export') handOverWhenLong();
  run.prober = me;
  const waitMs = backOffMs(round);
  // A step that only waits does not hide that another one needs an operator.
  if (!isStopped(run)) {
    const retryAt = new Date(Date.now() + waitMs).toISOString();
    setObstacle(run, { kind: 'waiting', reason, retryAt });
  }
  // `resume`, or a step that succeeds, clears the obstacle: then there is no need to wait for the timer.
  await condition(() => run.obstacle === null, waitMs, { summary: `Retry after ${reason.code}` });
}

async function formerBackOff(run: Run, reason: Reason, round: number): Promise<void> {
  if (!isStopped(run)) setObstacle(run, { kind: 'waiting', reason });
  await condition(() => run.obstacle === null, Math.min(FORMER_FIRST_MS * round, FORMER_MAX_MS));
}
