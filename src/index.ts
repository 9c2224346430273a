/**
 * The worker side: the plugin, its options, and the ports that a host can fill.
 * @module temporal-mailchimp
 */

// Public API: every name exported here is a promise.
export { MailchimpPlugin } from './plugin/mailchimp-plugin';
export type { MailchimpPluginOptions } from './plugin/options';
export type { ReceiverInput } from './config/alert-config';
export type { AlertEvent } from './contract/alert';
export type { AccountInput, StagingInput } from './config/config';
export type { CdmSourceInput, FilesSourceInput } from './config/source-config';
export type { DataverseSourceInput } from './config/dataverse-config';
export type { PostgresSourceInput } from './config/postgres-config';
export type { SqlSourceInput } from './config/sql-config';
export type { SecretResolver } from './ports/secrets';
export type {
  Cancellable,
  ExtractRequest,
  SegmentInfo,
  SegmentSource,
  SourceCheck,
  SourceDescription,
  SourceExtract,
  UnreadableLines,
  VersionRequest,
} from './ports/source';
export type { ObjectInfo, StagingStore } from './ports/staging-store';
export { ExportError, type ExportErrorCode, type ExportErrorOptions } from './errors';
export { OUTCOMES, type Outcome, type OutcomeCounts, type MemberStatusCounts } from './contract/outcome';
export type { UnmatchedRows } from './contract/plan';
export type { ExportReport, SegmentReport } from './contract/report';
