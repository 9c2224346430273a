import { allHandlersFinished, condition, makeContinueAsNewFunc } from '@temporalio/workflow';
import { compactInput, fullInput, type CompactExportInput } from '../../contract/compact';
import type { ExportInput } from '../../contract/export';
import type { ExportStatus, ExportReport } from '../../contract/report';
import { untilAllowed } from './approval';
import { abandon } from './batch-lane';
import { HandOver } from '../back-off';
import { deliver } from './deliver';
import { prepareExport, renameTags } from './prepare';
import { settledReport, toTally } from './report';
import { attemptStep, runStep, type StepCall } from './run-step';
import { toCarried, toRecord, type CarriedRecord } from './carried';
import { withSample } from './sample';
import { createRun, setPhase, type ExportRecord, type Run } from './run';
import { runToReport } from './run-to-report';

/**
 * One export of one destination; started by its destination only.
 *
 * What Mailchimp acknowledged becomes the baseline, in one step at the end, also after a cancellation or a failure. If the export is
 * lost before that, the next one compares with the old baseline and sends the changes again, which is safe: they are upserts, and tags
 * are only added.
 */
export async function mailchimpExport(
  input: CompactExportInput,
  carried?: CarriedRecord | ExportRecord,
): Promise<ExportReport> {
  // An input of version 0.2.0 has no kind.
  const full: ExportInput = { ...fullInput(input), kind: 'export' };
  const run = createRun(full, carried && toRecord(carried, full));
  return runToReport(
    run,
    () => exportAll(run),
    () => windDown(run),
  );
}

async function exportAll(run: Run): Promise<ExportReport> {
  try {
    return await exportUntilLong(run);
  } catch (error) {
    if (!(error instanceof HandOver)) throw error;
    return continueAsNew(run);
  }
}

/** @throws HandOver while it waits, when the history is long */
async function exportUntilLong(run: Run): Promise<ExportReport> {
  if (run.record.ending) return settle(run, run.record.ending);
  if (run.record.phase !== 'delivering') {
    const plan = await prepareExport(run);
    const unsent = await untilAllowed(run, plan);
    if (unsent) return settle(run, unsent);
    await renameTags(run);
    run.record.deliveringSinceMs = Date.now();
    setPhase(run, 'delivering');
  }
  await deliver(run);
  if (run.isContinuingAsNew) await continueAsNew(run);
  return settle(run, 'completed');
}

async function continueAsNew(run: Run): Promise<never> {
  await condition(allHandlersFinished);
  return makeContinueAsNewFunc<typeof mailchimpExport>()(compactInput(run.input), toCarried(run));
}

/** The step itself is not cancelled; waiting for a store that is unavailable or full is. */
async function settle(run: Run, status: ExportStatus): Promise<ExportReport> {
  run.record.ending = status;
  const settlement = await runStep(run, 'mailchimp.settleExport', settleCall(run));
  return withSample(run, settledReport(run, settlement, status));
}

function settleCall(run: Run): StepCall<'mailchimp.settleExport'> {
  return {
    summary: 'Count one outcome for every profile',
    input: () => ({ ref: run.input.ref, tally: toTally(run) }),
  };
}

/** The baseline moves by what was acknowledged. */
async function windDown(run: Run): Promise<void> {
  if (!run.record.plan) return;
  await abandon(run);
  await attemptStep(run, 'mailchimp.settleExport', settleCall(run));
}
