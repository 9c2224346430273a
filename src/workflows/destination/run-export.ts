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
import type { ExportInput } from '../../contract/export';
import { exportWorkflowId } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import type { Job } from './state';
import type { Destination, Running } from './live-destination';
import { mailchimpExport } from '../export/export';
import { isTransient, reasonOf } from '../failure';
import { inMarkdown } from '../export/current-details';
import { CANCELLED, toReport } from '../export/report';
import { exportSteps } from '../steps';

/**
 * Runs one export as a child and returns its report, whatever became of the child: one that failed, was cancelled or terminated is
 * settled from staging. Throws only when the destination itself was cancelled, and then after settling.
 */
export async function runExport(
  destination: Destination,
  job: Job,
  input: ExportInput,
): Promise<ExportReport> {
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
      const child = await startAlone(input, running);
      running.firstExecutionRunId = child.firstExecutionRunId;
      return resultOf(child);
    });
  } catch (error) {
    const isCancelled = isCancellation(error);
    const reason = isCancelled ? CANCELLED : reasonOf(error);
    const ended = { status: isCancelled ? 'cancelled' : 'failed', startedAtMs, failure: reason } as const;
    return await CancellationScope.nonCancellable(() => settleLost(destination, input, ended));
  }
}

/** The fixed id lets the server refuse a second open export, e.g. one that outlived a terminated destination: wait for its end. */
async function startAlone(input: ExportInput, running: Running) {
  for (;;) {
    try {
      return await CancellationScope.nonCancellable(() => startExport(input));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      running.isBlocked = true;
      await sleep('10 seconds', { summary: 'Another export of this destination is still open' });
    }
  }
}

function startExport(input: ExportInput) {
  return startChild(mailchimpExport, {
    workflowId: exportWorkflowId(input.ref.destinationId),
    args: [input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `Export ${input.number} of ${inMarkdown(input.destinationName)} (${inMarkdown(input.trigger)})`,
    staticDetails: `Segments ${input.configuration.segments.map(({ segment }) => segment).join(', ')} to audience ${inMarkdown(input.audience.name)}.`,
    memo: { exportId: input.ref.exportId, number: input.number },
  });
}

/**
 * Cancels by the workflow's id, which means the run that is open. Left to itself the SDK cancels the run that it started: once the
 * export has continued as new, that reaches nobody and says nothing (https://github.com/temporalio/features/issues/503).
 */
async function resultOf(child: ChildWorkflowHandle<typeof mailchimpExport>): Promise<ExportReport> {
  const { cancelRequested } = CancellationScope.current();
  cancelRequested
    .catch(() => CancellationScope.nonCancellable(() => getExternalWorkflowHandle(child.workflowId).cancel()))
    // It has ended meanwhile.
    .catch(() => undefined);
  return child.result();
}

type Ended = Parameters<typeof toReport>[2];

/**
 * Asks the store what was acknowledged. Repeated for ever while the store is away: without it the next export would be wrong. Once the
 * destination is removed there is no next one, and a store that is lost must not keep it from ending.
 */
export async function settleLost(
  destination: Destination,
  input: ExportInput,
  ended: Ended,
): Promise<ExportReport> {
  const isRemoved = () => destination.state.phase === 'removed';
  const { long } = exportSteps(input.storeId);
  for (;;) {
    try {
      const settlement = input.options.planOnly
        ? null
        : await long['mailchimp.settleExport']({ ref: input.ref, tally: null });
      return toReport(input, settlement, ended);
    } catch (error) {
      const reason = reasonOf(error);
      const isFinal = !isTransient(reason) && reason.code !== 'DISK_FULL';
      if (isFinal || isRemoved()) return toReport(input, null, { ...ended, failure: reason });
      await condition(isRemoved, '5 minutes', { summary: `Settling again later: ${reason.code}` });
    }
  }
}
