import { WORKFLOWS_MARKER } from '../contract/version';

export { mailchimpDestination } from './destination/destination';
export { mailchimpExport } from './export/export';

/** Lets the plugin see whose workflows a bundle holds. Not for users. @internal */
export const mailchimpWorkflowsMarker = (): string => WORKFLOWS_MARKER;
