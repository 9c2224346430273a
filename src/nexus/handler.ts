/**
 * What a worker with the plugin needs to offer exports to other namespaces.
 * @module temporal-mailchimp/nexus-handler
 */

import { startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import { serviceHandler } from 'nexus-rpc';
import type { ExportSegmentsInput } from '../contract/export-segments';
import type { ExportReport } from '../contract/report';
import type { mailchimpExportSegments } from '../workflows';
import { mailchimpExports } from './index';

/**
 * The handler of `mailchimpExports`, for `nexusServices` of a worker that has the plugin too. The workflow runs on the task queue of that
 * worker. A start that is repeated, since its reply was lost, finds the workflow of the first one.
 *
 * @example
 * ```ts
 * import { Worker } from '@temporalio/worker';
 * import { MailchimpPlugin } from 'temporal-mailchimp';
 * import { mailchimpExportsHandler } from 'temporal-mailchimp/nexus-handler';
 *
 * const plugin = new MailchimpPlugin({ accounts: { main: { apiKey: 'env:MAILCHIMP_API_KEY' } }, sources: {} });
 * const nexusServices = [mailchimpExportsHandler];
 * const worker = await Worker.create({ taskQueue: 'mailchimp', plugins: [plugin], nexusServices });
 * await worker.run();
 * ```
 */
export const mailchimpExportsHandler = serviceHandler(mailchimpExports, {
  exportSegments: new WorkflowRunOperationHandler<ExportSegmentsInput, ExportReport>((context, input) =>
    startWorkflow<typeof mailchimpExportSegments>(context, 'mailchimpExportSegments', {
      args: [input],
      workflowId: `mailchimp-export-segments/${context.requestId}`,
      staticSummary: 'Export requested by Nexus',
    }),
  ),
});
