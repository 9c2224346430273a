// Public API: every name exported here is a promise.
export { ExportClient, type ExportClientOptions, type ListedDestination } from './export-client';
export { ExportFailedError } from './export-failed-error';
export type { ApprovedExport, ExportHandle, StartedExportHandle, WaitOptions } from './export-handle';
export { ExportError, type ExportErrorCode } from '../errors';
export { CONSENT_TEXT } from '../contract/destination';
export type {
  ConfigureInput,
  ConnectInput,
  Consent,
  DestinationView,
  ExportOptionsInput,
  RemoveInput,
} from '../contract/destination';
export type { ExportState, ExportView } from '../contract/export';
export type { ExportRef } from '../contract/identifiers';
export type { JobKind, StartInput } from '../contract/job';
export type { Approval, ApproveInput, Guard, GuardCode, Held } from '../contract/guard';
export type { ExportReport, SegmentReport } from '../contract/report';
export { OUTCOMES, type Outcome, type OutcomeCounts, type MemberStatusCounts } from '../contract/outcome';
