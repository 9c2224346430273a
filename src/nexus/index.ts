/**
 * The Nexus service of exports, for the workflow that calls it from any namespace. Loads nothing but nexus-rpc, so a workflow file may import it.
 * @module temporal-mailchimp/nexus
 */

import { operation, service } from 'nexus-rpc';
import type { ExportSegmentsInput } from '../contract/export-segments';
import type { ExportReport } from '../contract/report';

export type { ExportSegmentsInput } from '../contract/export-segments';
export type { ExportReport } from '../contract/report';

/**
 * One operation, `exportSegments`: exports the segments of a destination, and returns the report of a completed export. It is backed by the workflow
 * `mailchimpExportSegments`, so it may take days, it fails as that does, and cancelling it cancels an export that it has started.
 *
 * @example
 * ```ts
 * import { createNexusServiceClient } from '@temporalio/workflow';
 * import { mailchimpExports } from 'temporal-mailchimp/nexus';
 *
 * export async function newsletter() {
 *   const exports = createNexusServiceClient({ endpoint: 'mailchimp', service: mailchimpExports });
 *   const { outcomes } = await exports.executeOperation('exportSegments', { destinationId: 'newsletter' });
 *   return outcomes.created;
 * }
 * ```
 */
export const mailchimpExports = service('mailchimp-exports', {
  exportSegments: operation<ExportSegmentsInput, ExportReport>(),
});
