import { patched, sleep } from '@temporalio/workflow';
import type { ExportReport } from '../../../src/contract/report';
import { mailchimpExport as released } from '../../../src/workflows';

export { mailchimpDestination, mailchimpWorkflowsMarker } from '../../../src/workflows';

/** The export workflow with one more command, behind `patched`: exports that ended or began before the change do without it. */
export async function mailchimpExport(...input: Parameters<typeof released>): Promise<ExportReport> {
  const report = await released(...input);
  if (patched('temporal-mailchimp-rehearsal')) await sleep('10ms');
  return report;
}
