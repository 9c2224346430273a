// Public API: every name exported here is a promise.
export { MailchimpPlugin, type MailchimpPluginOptions } from './plugin/mailchimp-plugin';
export { ExportError, type ExportErrorCode, type ExportErrorOptions } from './errors';
export { OUTCOMES, type Outcome, type OutcomeCounts, type MemberStatusCounts } from './contract/outcome';
export type { ExportReport, SegmentReport } from './contract/report';
