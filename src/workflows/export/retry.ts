import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Reason } from '../../contract/reason';
import { needsOperator, isTransient, reasonOf } from '../failure';
import { refreshDetails, setObstacle, type Run } from './run';

const MINUTE_MS = 60_000;
const FIRST_WAIT_MS = 5 * MINUTE_MS;
const MAX_WAIT_MS = 30 * MINUTE_MS;

/**
 * Runs a step until it succeeds, is cancelled, or fails for good. When Temporal has given up retrying a step, the export shows that
 * it waits; when an operator has to fix something, it stops until `resume`, which runs the preflight again.
 */
export async function withRetry<Result>(run: Run, step: () => Promise<Result>): Promise<Result> {
  for (let round = 1; ; round++) {
    try {
      const result = await step();
      if (run.obstacle?.kind === 'waiting') setObstacle(run, null);
      return result;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = reasonOf(error);
      if (needsOperator(reason)) await untilResumed(run, reason);
      else if (isTransient(reason)) await backOff(run, reason, round);
      else throw error;
    }
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
  await condition(() => !isStopped(run));
  refreshDetails(run);
  await run.recheck;
}

function stop(run: Run, reason: Reason): void {
  run.recheck = null;
  setObstacle(run, { kind: 'stopped', reason });
}

async function backOff(run: Run, reason: Reason, round: number): Promise<void> {
  // A step that only waits does not hide that another one needs an operator.
  if (!isStopped(run)) setObstacle(run, { kind: 'waiting', reason });
  // `resume`, or a step that succeeds, clears the obstacle: then there is no need to wait for the timer.
  await condition(() => run.obstacle === null, Math.min(FIRST_WAIT_MS * round, MAX_WAIT_MS));
}
