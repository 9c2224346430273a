import { fullInput, type CompactExportInput } from '../../contract/compact';
import type { ExportReport } from '../../contract/report';
import { previewExport } from './prepare';
import { plannedReport } from './report';
import { createRun } from './run';
import { runToReport } from './run-to-report';

/** The numbers of an export, without sending it; started by its destination only. Changes nothing at Mailchimp, and no baseline. */
export async function mailchimpPlan(input: CompactExportInput): Promise<ExportReport> {
  // An input of version 0.2.0 has no kind.
  const run = createRun({ ...fullInput(input), kind: 'plan' });
  return runToReport(run, async () => plannedReport(run, await previewExport(run)));
}
