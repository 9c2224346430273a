import { WorkflowExecutionAlreadyStartedError, type Priority } from '@temporalio/common';
import {
  CancellationScope,
  ParentClosePolicy,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  startChild,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { exportWorkflowId } from '../../contract/identifiers';
import type { JobInput, JobReport } from '../../contract/job';
import type { Removal } from '../../contract/removal';
import { compactInput } from '../../contract/compact';
import { listOf } from '../../text/format';
import type { Job } from './state';
import type { Destination, Running } from './live-destination';
import { JOBS } from './jobs';
import type { JobType } from './jobs/job';
import { backOffMs, HandOver, handOverWhenLong } from '../back-off';
import { isTransient, reasonOf } from '../failure';
import { inMarkdown } from '../details-page';
import { attributesOf } from '../search-attributes';
import { CANCELLED, toReport, type Ended } from '../export/report';
import { jobAttributes } from '../export/job-attributes';
import { isOfRefresh } from '../refresh/trigger';

/** The export has tried it already: half a minute. */
const FIRST_ROUND = 4;

/**
 * Runs a job as a child and returns its report. A child that failed, was cancelled or was terminated leaves none: then the job is
 * settled from staging. Throws only when the destination itself was cancelled, and only after settling.
 */
export async function runJob(destination: Destination, job: Job, input: JobInput): Promise<JobReport> {
  const startedAtMs = Date.now();
  const scope = new CancellationScope();
  const running: Running = {
    job,
    input,
    cancel: () => scope.cancel(),
    firstExecutionRunId: null,
    isBlocked: false,
  };
  destination.running = running;
  try {
    return await scope.run(async () => {
      const child = await startAlone(destination, JOBS[job.kind], running);
      running.firstExecutionRunId = child.firstExecutionRunId;
      return resultOf(child);
    });
  } catch (error) {
    if (error instanceof HandOver) throw error;
    const isCancelled = isCancellation(error);
    const failure = isCancelled ? CANCELLED : reasonOf(error);
    const ended = { status: isCancelled ? 'cancelled' : 'failed', startedAtMs, failure } as const;
    return await CancellationScope.nonCancellable(() => settleLost(destination, { job, input }, ended));
  }
}

/**
 * All jobs share one workflow id, so that the server refuses a second open job, for example while one that outlived a terminated
 * destination is still running.
 * @throws HandOver
 */
async function startAlone({ age, callers, state }: Destination, type: JobType, running: Running) {
  const isIndexed = state.searchAttributes === true;
  // A job that was queued in an earlier run has no caller in this one.
  const call = callers.get(running.job.exportId) ?? ((work) => work());
  for (let round = 1; ; round++) {
    try {
      return await call(() =>
        CancellationScope.nonCancellable(() => startJob(type, running.input, isIndexed)),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      running.isBlocked = true;
      if (age.isSince040) handOverWhenLong();
      await sleep(backOffMs(round), { summary: 'Another export of this destination is still open' });
    }
  }
}

const LEAVING: Readonly<Record<Removal['exported'], string>> = {
  untag: "All contacts leave the audience's tags: untag.",
  archive: "All contacts leave the audience's tags: archive.",
  keep: 'All contacts stay as they are.',
};

function startJob({ workflow, title }: JobType, input: JobInput, isIndexed: boolean) {
  const { ref, number, destinationName, trigger, configuration, audience, removal, undo, forget } = input;
  const segments = listOf(configuration.segments.map(({ segment }) => segment));
  const purpose = removal ? 'Removal' : undo ? `Undo of export ${undo.number}` : '';
  return startChild(workflow, {
    workflowId: exportWorkflowId(ref.destinationId),
    args: [compactInput(input)],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${purpose === '' ? title : `${purpose}, ${title.toLowerCase()}`} ${number} of ${inMarkdown(destinationName)} (${inMarkdown(trigger)})`,
    staticDetails: removal
      ? `${LEAVING[removal.exported]} Then the destination is removed.`
      : forget
        ? 'Removes one person from the rows of the store. A request in the store names them.'
        : undo
          ? `Contacts of the audience ${inMarkdown(audience.name)} get what they had before export ${undo.number}. Asked for by ${inMarkdown(undo.by)}.`
          : `Segments ${inMarkdown(segments)} to audience ${inMarkdown(audience.name)}.`,
    memo: { exportId: ref.exportId, number },
    priority: priorityOf(input),
    ...(isIndexed && { typedSearchAttributes: attributesOf(jobAttributes(input, 'running')) }),
  });
}

/**
 * The child's steps inherit it. Between accounts, the server takes turns, so that a large one does not hold up the others; what a person
 * has asked for goes before what a schedule has (2 before 3, which is the default). A server with priority or fairness off ignores it.
 */
function priorityOf({ account, trigger }: JobInput): Priority {
  return { priorityKey: isOfRefresh(trigger) ? 3 : 2, fairnessKey: account };
}

/**
 * Cancels by workflow id, which addresses the open run. The SDK would cancel the run that it started, which does nothing once the
 * child has continued as new, and reports no error (https://github.com/temporalio/features/issues/503).
 */
async function resultOf(child: ChildWorkflowHandle<JobType['workflow']>): Promise<JobReport> {
  const { cancelRequested } = CancellationScope.current();
  cancelRequested
    .catch(() => CancellationScope.nonCancellable(() => getExternalWorkflowHandle(child.workflowId).cancel()))
    // The child has already ended.
    .catch(() => undefined);
  return child.result();
}

/**
 * Asks the store what was acknowledged, and retries for as long as the store is unavailable: without the answer, the next export would
 * compare with a wrong baseline. A removed destination has no next export, and an unavailable store must not keep it from ending.
 * @throws HandOver
 */
export async function settleLost(
  destination: Destination,
  { job, input }: { readonly job: Job; readonly input: JobInput },
  ended: Ended,
): Promise<JobReport> {
  destination.update((state) => ({ ...state, unsettled: { ...job, ended } }));
  const { settle } = JOBS[job.kind];
  if (!settle) return toReport(input, null, ended);
  const isRemoved = () => destination.state.phase === 'removed';
  for (let round = FIRST_ROUND; ; round++) {
    try {
      return toReport(input, await settle(input), ended);
    } catch (error) {
      const reason = reasonOf(error);
      const isFinal = !isTransient(reason) && reason.code !== 'DISK_FULL';
      if (isFinal || isRemoved()) return toReport(input, null, { ...ended, failure: reason });
      if (destination.age.isSince040) handOverWhenLong();
      await condition(isRemoved, backOffMs(round), { summary: `Retry to settle after ${reason.code}` });
    }
  }
}
