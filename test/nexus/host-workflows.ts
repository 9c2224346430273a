import { createNexusServiceClient, executeChild } from '@temporalio/workflow';
import { type ExportSegmentsInput, mailchimpExports } from '../../src/nexus';
import { mailchimpExportSegments } from '../../src/workflows';

// The workflow file of a host: its own workflows, and those of the package.

export * from '../../src/workflows';

/** Calls the export as a child. */
export async function exportByChild(input: ExportSegmentsInput): Promise<number> {
  const { outcomes } = await executeChild(mailchimpExportSegments, { args: [input] });
  return outcomes.created;
}

/** Calls the export through Nexus. */
export async function exportByNexus(endpoint: string, input: ExportSegmentsInput): Promise<number> {
  const exports = createNexusServiceClient({ endpoint, service: mailchimpExports });
  const { outcomes } = await exports.executeOperation('exportSegments', input);
  return outcomes.created;
}
