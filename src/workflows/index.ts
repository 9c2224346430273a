/**
 * The workflows, for the workflow file of a worker that has its own: `export * from 'temporal-mailchimp/workflows'`. Started by ExportClient,
 * by schedules and by each other. A host may start `mailchimpRefresh` and `mailchimpExportSegments`, and no other.
 * @module temporal-mailchimp/workflows
 */

import { WORKFLOWS_MARKER } from '../contract/version';

export { mailchimpAccount } from './account/account';
export { mailchimpAlert } from './alert/alert';
export { mailchimpDestination } from './destination/destination';
export { mailchimpExport } from './export/export';
export { mailchimpExportSegments } from './export-segments/export-segments';
export { mailchimpPlan } from './export/plan';
export { mailchimpForget } from './export/forget';
export { mailchimpRefresh } from './refresh/refresh';
export { mailchimpVerify } from './verify/verify';

export type { StartedExport } from '../contract/destination';
export type { ExportSegmentsInput } from '../contract/export-segments';

/** Lets the plugin see which version's workflows a bundle contains. Not for users. @internal */
export const mailchimpWorkflowsMarker = (): string => WORKFLOWS_MARKER;
