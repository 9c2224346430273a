import { executeChild, sleep } from '@temporalio/workflow';
import { mailchimpExportSegments } from 'temporal-mailchimp/workflows';

export * from 'temporal-mailchimp/workflows';

/** Waits for the nightly load, then exports. Returns how many contacts changed. */
export async function afterTheNightlyLoad(destinationId: string): Promise<number> {
  await sleep('8 hours');
  const { outcomes } = await executeChild(mailchimpExportSegments, { args: [{ destinationId }] });
  return outcomes.created + outcomes.updated;
}
