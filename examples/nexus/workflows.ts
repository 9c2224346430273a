// Workflows of another team, in a namespace of their own.
import { createNexusServiceClient } from '@temporalio/workflow';
import { mailchimpExports } from 'temporal-mailchimp/nexus';

/** Exports as a step of a larger workflow. Returns how many contacts changed. */
export async function exportByNexus(endpoint: string, destinationId: string): Promise<number> {
  const exports = createNexusServiceClient({ endpoint, service: mailchimpExports });
  const { outcomes } = await exports.executeOperation('exportSegments', { destinationId });
  return outcomes.created + outcomes.updated;
}
