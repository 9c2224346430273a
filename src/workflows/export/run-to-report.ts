import {
  CancellationScope,
  ContinueAsNew,
  allHandlersFinished,
  condition,
  isCancellation,
} from '@temporalio/workflow';
import type { ExportReport } from '../../contract/report';
import { reasonOf, toFailure } from '../failure';
import { answerExportMessages } from './handlers';
import { logEnd, logReport, logStart } from './log-export';
import { refreshDetails, setObstacle, setPhase, type Run } from './run';

/**
 * The frame of an export and of its plan: answers messages while `work` runs, and returns its report.
 *
 * @param windDown what a cancellation or a failure leaves to do. If it fails, the destination settles, which retries for as long as it
 * takes: a cancelled export must not stay open.
 */
export async function runToReport(
  run: Run,
  work: () => Promise<ExportReport>,
  windDown: () => Promise<unknown> = async () => undefined,
): Promise<ExportReport> {
  answerExportMessages(run);
  refreshDetails(run);
  logStart(run);
  try {
    const report = await work();
    run.report = report;
    setPhase(run, report.status);
    logReport(run, report);
    // A cancellation that arrives now is too late: the report is already true.
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    return report;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const isCancelled = isCancellation(error);
    const failure = isCancelled ? null : reasonOf(error);
    run.record.isPaused = false;
    setObstacle(run, { kind: 'cancelling', failure });
    await CancellationScope.nonCancellable(async () => {
      await windDown().catch(() => undefined);
      run.obstacle = null;
      run.failure = failure;
      setPhase(run, isCancelled ? 'cancelled' : 'failed');
      logEnd(run, failure);
      await condition(allHandlersFinished);
    });
    throw toFailure(error);
  }
}
