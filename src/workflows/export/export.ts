import {
  CancellationScope,
  ContinueAsNew,
  allHandlersFinished,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
} from '@temporalio/workflow';
import type { ExportCarry, ExportInput } from '../../contract/export';
import type { ExportPlan } from '../../contract/plan';
import type { ExportStatus, ExportReport, Settlement } from '../../contract/report';
import { abandon } from './batch-lane';
import { deliver } from './deliver';
import { answerExportMessages } from './handlers';
import { toFailure } from '../failure';
import { untilAllowed } from './approval';
import { withRetry } from './retry';
import { prepare, renameTags } from './prepare';
import { plannedReport, settledReport, toTally } from './report';
import { createRun, setPhase, refreshDetails, toCarry, type Run } from './run';

/**
 * One export of one destination; started by its destination only.
 *
 * What Mailchimp acknowledged becomes the baseline, in one step at the end, also after a cancellation or a failure. An export that
 * dies half way is compared with the old baseline next time and sends its changes again, which upserts and append-only tags bear.
 */
export async function mailchimpExport(input: ExportInput, carry?: ExportCarry): Promise<ExportReport> {
  const run = createRun(input, carry);
  answerExportMessages(run);
  refreshDetails(run);
  try {
    const plan = run.plan ?? (await prepare(run));
    if (input.options.planOnly) return finish(run, plannedReport(run, plan));
    const refusal = await untilAllowed(run, plan);
    if (refusal) return finish(run, await settle(run, refusal));
    if (run.phase !== 'delivering') await renameTags(run);
    await deliverAll(run, plan);
    return finish(run, await settle(run));
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await CancellationScope.nonCancellable(() => windDown(run, isCancellation(error)));
    throw toFailure(error);
  }
}

async function deliverAll(run: Run, plan: ExportPlan): Promise<void> {
  if (run.phase !== 'delivering') run.deliveringSinceMs = Date.now();
  setPhase(run, 'delivering');
  await deliver(run);
  if (!run.isContinuingAsNew) return;
  await condition(allHandlersFinished);
  await makeContinueAsNewFunc<typeof mailchimpExport>()(run.input, toCarry(run, plan));
}

/** The step itself is not cancelled; waiting for a store that is away or full is. */
async function settle(run: Run, status?: ExportStatus): Promise<ExportReport> {
  const settlement = await withRetry(run, () => CancellationScope.nonCancellable(() => settleOnce(run)));
  return settledReport(run, settlement, status);
}

function settleOnce(run: Run): Promise<Settlement | null> {
  setPhase(run, 'settling');
  const { ref } = run.input;
  return run.steps.long['mailchimp.settleExport'].executeWithOptions(
    { summary: 'One outcome for every profile' },
    [{ ref, tally: toTally(run) }],
  );
}

async function finish(run: Run, report: ExportReport): Promise<ExportReport> {
  run.report = report;
  setPhase(run, report.status);
  // A cancellation that comes now comes too late: what the report says is true already.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return report;
}

/**
 * The baseline still moves by what was acknowledged. A failure in here leaves the settling to the destination, which has the patience:
 * an export that nobody wants any more must not stay open.
 */
async function windDown(run: Run, isCancelled: boolean): Promise<void> {
  // Whatever it waited for is no longer what it does.
  run.stopped = null;
  run.waiting = null;
  run.isPaused = false;
  run.hold = null;
  if (run.plan && !run.input.options.planOnly) {
    await abandon(run);
    await settleOnce(run).catch(() => undefined);
  }
  setPhase(run, isCancelled ? 'cancelled' : 'failed');
  await condition(allHandlersFinished);
}
