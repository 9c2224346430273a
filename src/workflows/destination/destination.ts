import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  allHandlersFinished,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import { DestinationInputSchema } from '../../contract/destination';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import { answerDestinationMessages } from './handlers';
import { JOBS } from './jobs';
import {
  NEW_DESTINATION,
  toCarried,
  toJobInput,
  toState,
  watchersOfEnded,
  withJobAgain,
  type CarriedState,
  type Job,
} from './state';
import { HandOver } from '../back-off';
import { recordReport } from '../metrics';
import { toFailure } from '../failure';
import { runJob, settleLost } from './run-job';
import { storeChecks } from '../steps';
import { notifyWatchers } from './watchers';
import { Destination, publishState } from './live-destination';
import { watchAge } from './watch-age';

/** How long a destination that was started without a valid connect waits for one before it ends. */
const FIRST_CONNECT_MINUTES = 2;

/**
 * One destination, for as long as it exists: consent, connection, matching, segments, baseline pointer and the last exports. Runs
 * one job at a time, as a child, and continues as new after each.
 */
export async function mailchimpDestination(
  input: { destinationId: string },
  carried?: CarriedState,
): Promise<void> {
  const { destinationId } = parseInput(input);
  const destination = new Destination(destinationId, carried ? toState(carried) : NEW_DESTINATION);
  answerDestinationMessages(destination);
  publishState(destination);
  void watchAge(destination);
  try {
    if (!carried && !(await isConnected(destination))) return endUnconnected(destination);
    await workUntilRemoved(destination);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    // Only a cancellation arrives here, and its job is settled; updates still in progress must be answered first.
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw toFailure(error);
  }
}

function parseInput(input: unknown) {
  try {
    return parse(DestinationInputSchema, input, { what: 'The input of the destination' });
  } catch (error) {
    throw toFailure(error);
  }
}

async function isConnected(destination: Destination): Promise<boolean> {
  await condition(
    () => destination.state.phase !== 'connecting' || destination.refusal !== null,
    FIRST_CONNECT_MINUTES * 60_000,
    { summary: 'The first connect must be accepted until then' },
  );
  await condition(allHandlersFinished);
  return destination.state.phase !== 'connecting';
}

/** Fails: one that completes looks in the Web UI as if it had been connected, and removed later. */
function endUnconnected({ refusal, destinationId }: Destination): void {
  if (!patched('temporal-mailchimp-unconnected-fails')) return;
  if (refusal) throw ApplicationFailure.nonRetryable(`Not connected: ${refusal.message}`, refusal.code);
  throw new ExportError(
    'NOT_CONNECTED',
    `No valid request to connect ${destinationId} arrived within ${FIRST_CONNECT_MINUTES} minutes, so there is no destination. ` +
      `Connect it: temporal-mailchimp destination connect ${destinationId}`,
  );
}

async function workUntilRemoved(destination: Destination): Promise<void> {
  if (destination.state.unsettled) await settle(destination, destination.state.unsettled);
  // Until it is settled, no other job may begin.
  if (destination.state.unsettled) return handOver(destination);
  await condition(() => isRemoved(destination) || destination.state.queue.length > 0 || hasGrown());
  const job = destination.state.queue[0];
  destination.isHandingOver = true;
  if (job && !isRemoved(destination)) await work(destination, job);
  return handOver(destination);
}

async function handOver(destination: Destination): Promise<void> {
  destination.isHandingOver = true;
  do {
    await notifyWatchers(destination);
    // Before continuing as new: otherwise a run that is about to end could accept an update and never answer it.
    await condition(() => isRemoved(destination) || allHandlersFinished());
    // A request that was answered last may have cancelled a queued job.
  } while (watchersOfEnded(destination.state).length > 0);
  if (isRemoved(destination)) return discard(destination);
  const input = { destinationId: destination.destinationId };
  await makeContinueAsNewFunc<typeof mailchimpDestination>()(input, toCarried(destination.state));
}

function hasGrown(): boolean {
  return workflowInfo().continueAsNewSuggested;
}

function isRemoved({ state }: Destination): boolean {
  return state.phase === 'removed';
}

async function work(destination: Destination, job: Job): Promise<void> {
  const input = toJobInput(destination.destinationId, destination.state, job);
  destination.update((state) => ({ ...state, queue: state.queue.slice(1), unsettled: input && job }));
  if (!input) return;
  try {
    const report = await runJob(destination, job, input);
    destination.update((state) => JOBS[job.kind].withReport(state, { job, input, report }));
    recordReport(report);
  } catch (error) {
    if (!(error instanceof HandOver)) throw error;
    // The next run settles it, or begins it again.
    if (!destination.state.unsettled?.ended) destination.update((state) => withJobAgain(state, job));
    return;
  } finally {
    destination.running = null;
  }
  await tidy(input.storeId, destination);
}

async function tidy(storeId: string, { destinationId, state }: Destination): Promise<void> {
  const steps = storeChecks(storeId);
  try {
    await steps['mailchimp.tidyStaging'].executeWithOptions(
      { summary: 'Delete row files of earlier exports' },
      [{ destinationId, baseline: state.baseline?.exportId ?? null }],
    );
  } catch (error) {
    // The next export deletes the old row files as well.
    if (isCancellation(error)) throw error;
  }
}

/** A job that a lost run of this destination left behind. */
async function settle(destination: Destination, job: Job): Promise<void> {
  const input = toJobInput(destination.destinationId, destination.state, job);
  if (!input) return;
  const failure = {
    code: 'UNEXPECTED' as const,
    message: 'The run of the destination that started this export was lost',
  };
  const ended = job.ended ?? ({ status: 'failed', startedAtMs: Date.now(), failure } as const);
  try {
    const report = await settleLost(destination, { job, input }, ended);
    destination.update((state) => JOBS[job.kind].withReport(state, { job, input, report }));
    recordReport(report);
  } catch (error) {
    // The next run settles it.
    if (!(error instanceof HandOver)) throw error;
  }
}

async function discard(destination: Destination): Promise<void> {
  const { destinationId, state } = destination;
  if (state.connection) {
    const { withdrawnBy = '', withdrawnAt = '' } = state.consent ?? {};
    const steps = storeChecks(state.connection.storeId);
    try {
      await steps['mailchimp.discardDestination'].executeWithOptions(
        { summary: 'Record the withdrawal, and delete staged rows' },
        [
          {
            destinationId,
            withdrawal: { event: 'withdrawn', by: withdrawnBy, at: withdrawnAt },
          },
        ],
      );
    } catch (error) {
      // The store is unavailable: nothing more can be done from here, and the destination must still end.
      if (isCancellation(error)) throw error;
    }
  }
  destination.isDiscarded = true;
  publishState(destination);
  await condition(allHandlersFinished);
}
