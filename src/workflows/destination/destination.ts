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
import type { TidiedStaging } from '../../activities/tidy-staging';
import type { Notice } from '../../contract/alert';
import { DestinationInputSchema } from '../../contract/destination';
import { ExportOptionsSchema } from '../../contract/export-options';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import { noticeOfEnd, withEnd, withNotice } from './alerts';
import { announceNotices, startAlerts } from './announce';
import { answerDestinationMessages } from './handlers';
import { JOBS } from './jobs';
import type { EndedJob } from './jobs/job';
import {
  NEW_DESTINATION,
  isConsentWithdrawn,
  toCarried,
  toJobInput,
  toState,
  unreported,
  watchersOfEnded,
  withJobAgain,
  withNextNumber,
  withoutQueued,
  withReported,
  withSearchAttributes,
  type CarriedState,
  type Job,
} from './state';
import { autoUpgrade } from '../auto-upgrade';
import { HandOver } from '../back-off';
import { newExportId } from './export-id';
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
  void announceNotices(destination);
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

autoUpgrade(mailchimpDestination);

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
  // A job that could not begin comes back to the queue, perhaps after the consent was withdrawn. Neither a removal nor forgetting a person needs consent.
  if (isConsentWithdrawn(destination.state)) {
    destination.update((state) =>
      withoutQueued(destination.destinationId, state, ({ removal, forget }) => !removal && !forget),
    );
  }
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
    // The server answers at once whether alerts have started.
    await condition(() => isRemoved(destination) || (allHandlersFinished() && !destination.isStartingAlerts));
    // A request that was answered last may have cancelled a queued job.
  } while (watchersOfEnded(destination.state).length > 0);
  if (isRemoved(destination)) return discard(destination);
  const input = { destinationId: destination.destinationId };
  destination.isContinuing = true;
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
  let notice: Notice | undefined;
  try {
    const report = await runJob(destination, job, input);
    notice = commit(destination, { job, input, report });
  } catch (error) {
    if (!(error instanceof HandOver)) throw error;
    // The next run settles it, or begins it again.
    if (!destination.state.unsettled?.ended) destination.update((state) => withJobAgain(state, job));
    return;
  } finally {
    destination.running = null;
  }
  await tidy(destination, { job, storeId: input.storeId, notice });
}

/** @returns what alerts may be about */
function commit(destination: Destination, ended: EndedJob): Notice | undefined {
  const { job, report } = ended;
  const notice = noticeOfEnd(destination.destinationId, destination.state, report);
  destination.update((state) => {
    const reported = JOBS[job.kind].withReport(state, ended);
    return notice ? withEnd(reported, notice) : reported;
  });
  recordReport(report);
  return notice;
}

interface Ended {
  readonly job: Job;
  readonly storeId: string;
  readonly notice: Notice | undefined;
}

/** The step that tidies knows the receivers of alerts as well: an export of which none wants an alert costs no other step. */
async function tidy(destination: Destination, { job, storeId, notice }: Ended): Promise<void> {
  const { destinationId, state } = destination;
  const reports = unreported(state).filter((report) => report.storeId === storeId);
  const baseline = state.baseline?.exportId ?? null;
  const steps = storeChecks(storeId);
  try {
    const tidied: TidiedStaging | null | undefined = await steps['mailchimp.tidyStaging'].executeWithOptions(
      { summary: 'Keep the report, and delete row files of earlier exports' },
      [{ destinationId, baseline, reports, ...(notice && { notice }) }],
    );
    // A worker of version 0.3.0 answers nothing: there may be some beside ours while a new version is rolled out.
    if (!tidied) return announceLater(destination, notice);
    const { reported, forget } = tidied;
    // Not after a forget: one that cannot succeed would be followed by another one without end.
    if (forget !== undefined && job.kind === 'export') forgetDeleted(destination, forget);
    destination.update((now) => withSearchAttributes(now, tidied));
    if (reported) destination.update((now) => withReported(now, reported));
    if (notice && tidied.receivers.length > 0) await startAlerts(destination, notice, tidied.receivers);
  } catch (error) {
    // The next export deletes the old row files as well.
    if (isCancellation(error)) throw error;
    announceLater(destination, notice);
  }
}

/** Before any export that is queued: it would send again what Mailchimp has deleted. */
function forgetDeleted(destination: Destination, requestId: string): void {
  destination.update((state) => {
    if (state.phase === 'removed') return state;
    const { number, state: numbered } = withNextNumber(state, 'forget');
    const job: Job = {
      kind: 'forget',
      options: ExportOptionsSchema.parse({}),
      trigger: 'permanently deleted at Mailchimp',
      forget: { requestId },
      exportId: newExportId(destination, { kind: 'forget', number }),
      number,
      requestedAt: new Date().toISOString(),
    };
    return { ...numbered, queue: [job, ...numbered.queue] };
  });
}

/** No worker has said which receivers there are: one is asked. */
function announceLater(destination: Destination, notice: Notice | undefined): void {
  if (!notice || !patched('temporal-mailchimp-alerts')) return;
  destination.update((state) => withNotice(state, notice));
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
    announceLater(destination, commit(destination, { job, input, report }));
  } catch (error) {
    // The next run settles it.
    if (!(error instanceof HandOver)) throw error;
  }
}

async function discard(destination: Destination): Promise<void> {
  const { destinationId, state } = destination;
  // What such a check reserves and records would be left behind. A removal by request waits for it in its turn.
  if (destination.isConnecting && patched('temporal-mailchimp-discards-last'))
    await condition(() => !destination.isConnecting);
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
            taskQueue: workflowInfo().taskQueue,
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
