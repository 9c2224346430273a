import { sleep } from '@temporalio/workflow';
import type { ExportReport } from '../../../src/contract/report';
import { mailchimpExport as released } from '../../../src/workflows';

export { mailchimpDestination, mailchimpWorkflowsMarker } from '../../../src/workflows';

/** The same change without `patched`, which breaks exports that are running when it is deployed. */
export async function mailchimpExport(...input: Parameters<typeof released>): Promise<ExportReport> {
  const report = await released(...input);
  await sleep('10ms');
  return report;
}
