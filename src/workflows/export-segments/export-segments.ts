import {
  ApplicationFailure,
  CancellationScope,
  condition,
  ContinueAsNew,
  isCancellation,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { StartedExport } from '../../contract/destination';
import { parseEndedExport } from '../../contract/ended-export';
import {
  ExportSegmentsInputSchema,
  type ExportSegmentsInput,
  type ExportSegmentsRequest,
} from '../../contract/export-segments';
import { whyIncomplete } from '../../contract/incomplete-export';
import { parse } from '../../contract/parse';
import type { ExportReport } from '../../contract/report';
import { autoUpgrade } from '../auto-upgrade';
import { checkIntervalMs } from '../check-interval';
import { reasonOf, toFailure } from '../failure';
import { exportEndedSignal } from '../messages';
import { requestSteps } from '../steps';
import { describeRequested } from './current-details';

/**
 * Exports the segments of one destination: for a workflow of the host, which calls it as a child, and for Nexus. The destination is connected
 * and configured already, by a worker of the same task queue. Returns the report of a completed export.
 *
 * An export that runs already with the same options is joined. One that is held is waited for until it is approved or denied. When this
 * workflow is cancelled, it cancels the export that it has started, and leaves one that it has joined.
 *
 * @throws ApplicationFailure whose type is the code of an ExportError, not retryable: that of a refused request, such as NOT_CONFIGURED; that of
 * an export that failed; EXPORT_CANCELLED, EXPORT_DENIED, EXPORT_EXPIRED. If the export had begun, the first of its details is the report.
 */
export async function mailchimpExportSegments(
  input: ExportSegmentsInput,
  carried?: StartedExport,
): Promise<ExportReport> {
  try {
    const request = parse(ExportSegmentsInputSchema, input, { what: 'The input of the export' });
    return completed(await exportSegments(request, carried));
  } catch (error) {
    if (error instanceof ContinueAsNew || error instanceof ApplicationFailure) throw error;
    throw toFailure(error);
  }
}

autoUpgrade(mailchimpExportSegments);

async function exportSegments(
  request: ExportSegmentsRequest,
  carried?: StartedExport,
): Promise<ExportReport> {
  /** The last export that a signal has named: it may come before the answer to the request. */
  const last: Signalled = { exportId: undefined };
  setHandler(
    exportEndedSignal,
    (signal) => {
      last.exportId = parseEndedExport(signal)?.requested ?? last.exportId;
    },
    { description: 'The export has ended' },
  );
  const started = carried ?? (await start(request));
  show(request, started);
  try {
    const report = await reportOf(request, started, last);
    show(request, started, report);
    return report;
  } catch (error) {
    if (!isCancellation(error) || started.disposition === 'joined') throw error;
    await CancellationScope.nonCancellable(() => cancel(request, started));
    throw error;
  }
}

/** An attempt of this workflow, where its caller retries it, asks for an export of its own. */
function requestId(): string {
  const { firstExecutionRunId, attempt } = workflowInfo();
  return `${firstExecutionRunId}/${attempt}`;
}

/** Not cancellable: the destination may have started the export when the answer is lost. */
function start(request: ExportSegmentsRequest): Promise<StartedExport> {
  const steps = requestSteps(`Ask ${request.destinationId} for an export`);
  const { workflowId } = workflowInfo();
  return CancellationScope.nonCancellable(() =>
    steps['mailchimp.startExport']({ ...request, requestId: requestId(), workflowId }),
  );
}

interface Signalled {
  exportId: string | undefined;
}

async function reportOf(
  request: ExportSegmentsRequest,
  started: StartedExport,
  last: Signalled,
): Promise<ExportReport> {
  const { destinationId } = request;
  const { exportId, number } = started;
  for (let round = 0; ; round += 1) {
    const summary = `Export ${number} of ${destinationId} runs; until the next check`;
    await condition(() => last.exportId === exportId, checkIntervalMs(round), { summary });
    // A signal is a reason to look once.
    last.exportId = undefined;
    const steps = requestSteps(`Read the report of export ${number}`);
    const report = await orLater(() => steps['mailchimp.findReport']({ destinationId, exportId }));
    if (report) return report;
    if (workflowInfo().continueAsNewSuggested)
      await makeContinueAsNewFunc<typeof mailchimpExportSegments>()(request, started);
  }
}

/** Without an answer for a quarter of an hour, the export may go on: the next check asks again. */
async function orLater(find: () => Promise<ExportReport | null>): Promise<ExportReport | null> {
  try {
    return await find();
  } catch (error) {
    if (isCancellation(error) || !SILENCES.includes(reasonOf(error).code)) throw error;
    return null;
  }
}

const SILENCES: readonly string[] = ['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE'];

async function cancel(request: ExportSegmentsRequest, { exportId, number }: StartedExport): Promise<void> {
  const { destinationId } = request;
  const steps = requestSteps(`Cancel export ${number} of ${destinationId}`);
  try {
    await steps['mailchimp.cancelExport']({ destinationId, exportId, requestId: `${requestId()}/cancel` });
  } catch {
    // It has ended, or its destination is gone or does not answer: the cancellation of this workflow must not hang on it.
  }
}

function completed(report: ExportReport): ExportReport {
  if (report.status === 'completed') return report;
  const { code, message } = whyIncomplete(report);
  throw ApplicationFailure.nonRetryable(message, code, report);
}

function show({ destinationId }: ExportSegmentsRequest, started: StartedExport, report?: ExportReport): void {
  const { namespace } = workflowInfo();
  setCurrentDetails(describeRequested({ destinationId, started, namespace }, report));
}
