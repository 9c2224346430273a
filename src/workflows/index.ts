import { WORKFLOWS_MARKER } from '../contract/version';

export { mailchimpDestination } from './destination/destination';
export { mailchimpExport } from './export/export';
export { mailchimpPlan } from './export/plan';

/** Lets the plugin see which version's workflows a bundle contains. Not for users. @internal */
export const mailchimpWorkflowsMarker = (): string => WORKFLOWS_MARKER;
