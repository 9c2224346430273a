import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { needsOperator, isTransient, reasonOf } from '../failure';
import { refreshDetails, type Run } from './run';

const MINUTE_MS = 60_000;
const FIRST_WAIT_MS = 5 * MINUTE_MS;
const MAX_WAIT_MS = 30 * MINUTE_MS;

/**
 * Runs a step until it succeeds, is cancelled, or fails for good. A step that Temporal has given up retrying makes the export
 * say that it waits; one that a person has to mend makes it stop until `resume`, which checks everything again.
 */
export async function withRetry<Result>(run: Run, step: () => Promise<Result>): Promise<Result> {
  for (let round = 1; ; round++) {
    try {
      const result = await step();
      if (run.waiting) {
        run.waiting = null;
        refreshDetails(run);
      }
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

/** A pause begins nothing new: also no further round of a step that was in trouble before it. */
export async function waitWhilePaused(run: Run): Promise<void> {
  await condition(() => !run.isPaused);
}

/** Runs a step that sends for long, and may be ended and begun again at any time: a pause ends it, and it goes on afterwards. */
export async function interruptOnPause<Result>(run: Run, step: () => Promise<Result>): Promise<Result> {
  const around = CancellationScope.current();
  for (;;) {
    await waitWhilePaused(run);
    const scope = new CancellationScope();
    let isOver = false;
    const paused = condition(() => isOver || run.isPaused).then(() => isOver || scope.cancel());
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

async function untilResumed(run: Run, reason: NonNullable<Run['stopped']>): Promise<void> {
  stop(run, reason);
  await condition(() => run.stopped === null);
  refreshDetails(run);
  await run.recheck;
}

function stop(run: Run, reason: NonNullable<Run['stopped']>): void {
  run.stopped = reason;
  run.recheck = null;
  refreshDetails(run);
}

async function backOff(run: Run, reason: NonNullable<Run['waiting']>, round: number): Promise<void> {
  run.waiting = reason;
  refreshDetails(run);
  // `resume` clears the reason: somebody who knows better need not wait for the timer.
  await condition(() => run.waiting === null, Math.min(FIRST_WAIT_MS * round, MAX_WAIT_MS));
}
