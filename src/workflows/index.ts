/**
 * The workflows, for the workflow file of a worker that has its own: `export * from 'temporal-mailchimp/workflows'`. Started by ExportClient
 * and by each other; not to be started by a host.
 * @module temporal-mailchimp/workflows
 */

import { WORKFLOWS_MARKER } from '../contract/version';

export { mailchimpDestination } from './destination/destination';
export { mailchimpExport } from './export/export';
export { mailchimpPlan } from './export/plan';

/** Lets the plugin see which version's workflows a bundle contains. Not for users. @internal */
export const mailchimpWorkflowsMarker = (): string => WORKFLOWS_MARKER;
