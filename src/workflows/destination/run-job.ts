import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
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
import { compactInput } from '../../contract/compact';
import { listOf } from '../../text/format';
import type { Job } from './state';
import type { Destination, Running } from './live-destination';
import { JOBS } from './jobs';
import type { JobType } from './jobs/job';
import { backOffMs, HandOver, handOverWhenLong } from '../back-off';
import { isTransient, reasonOf } from '../failure';
import { inMarkdown } from '../details-page';
import { CANCELLED, toReport, type Ended } from '../export/report';

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
async function startAlone({ isSince040 }: Destination, type: JobType, running: Running) {
  for (let round = 1; ; round++) {
    try {
      return await CancellationScope.nonCancellable(() => startJob(type, running.input));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      running.isBlocked = true;
      if (isSince040) handOverWhenLong();
      await sleep(backOffMs(round), { summary: 'Another export of this destination is still open' });
    }
  }
}

function startJob({ workflow, title }: JobType, input: JobInput) {
  const { ref, number, destinationName, trigger, configuration, audience } = input;
  return startChild(workflow, {
    workflowId: exportWorkflowId(ref.destinationId),
    args: [compactInput(input)],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${title} ${number} of ${inMarkdown(destinationName)} (${inMarkdown(trigger)})`,
    staticDetails: `Segments ${inMarkdown(listOf(configuration.segments.map(({ segment }) => segment)))} to audience ${inMarkdown(audience.name)}.`,
    memo: { exportId: ref.exportId, number },
  });
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
      if (destination.isSince040) handOverWhenLong();
      await condition(isRemoved, backOffMs(round), { summary: `Retry to settle after ${reason.code}` });
    }
  }
}
