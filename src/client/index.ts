/**
 * For a web server or a script: destinations and their exports. Loads neither DuckDB nor the native worker.
 * @module temporal-mailchimp/client
 */

// Public API: every name exported here is a promise.
export { ExportClient, type ExportClientOptions, type ListedDestination } from './export-client';
export type { OpenExports } from './export-now';
export { ExportFailedError } from './export-failed-error';
export type { ApprovedExport, ExportHandle, StartedExportHandle, WaitOptions } from './export-handle';
export type { BackfillInput } from './backfill';
export type { ConsentEvent } from '../contract/consent-history';
export type {
  CreateScheduleOptions,
  PauseScheduleInput,
  Schedules,
  SyncedSchedule,
  Triggered,
} from './schedules';
export { ExportError, type ExportErrorCode, type ExportErrorOptions } from '../errors';
export { CONSENT_TEXT } from '../contract/destination';
export type {
  Audience,
  Configuration,
  ConfigureInput,
  ConnectInput,
  Consent,
  RemoveInput,
  StartRemovalInput,
  StartUndoInput,
  MoveStoreInput,
  WithdrawConsentInput,
} from '../contract/destination';
export type { ExportOptionsInput } from '../contract/export-options';
export type {
  ConsentFact,
  DestinationPhase,
  DestinationView,
  ExportNow,
  QueuedExport,
  RunningExport,
  Stale,
} from '../contract/destination-view';
export type { Leavers, NotArchived } from '../contract/archiving';
export type { AlertEvent, UndeliveredAlert } from '../contract/alert';
export type { ExportObstacle, ExportPhase, ExportState, ExportView, Since } from '../contract/export';
export type { ExportRef } from '../contract/identifiers';
export type { PlanInput, ProposalInput, StartInput, VerifyInput } from '../contract/job';
export type { DriftClass, Verification } from '../contract/drift';
export type { BaselineRest, ForgetCounts } from '../contract/forget';
export type { JobKind } from '../contract/job-kind';
export type { Approval, Approved, ApproveInput, Denial, Guard, GuardCode, Held } from '../contract/guard';
export type { ExportPlan, FieldWarning, Lane, PartPlan, SegmentPlan, UnmatchedRows } from '../contract/plan';
export type { Reason } from '../contract/reason';
export type {
  RefreshedDestination,
  RefreshInput,
  RefreshReport,
  RefreshResult,
  RefreshTargets,
  SkipReason,
} from '../contract/refresh';
export type { ExportReport, ExportStatus, RefusalCount, SegmentReport, Tally } from '../contract/report';
export type { Timeline, TimelinePoint, TimelineState } from '../contract/timeline';
export type { ScheduleRequest, ScheduleSettings } from '../contract/schedule';
export type {
  ScheduledRun,
  ScheduledRunStatus,
  ScheduleDetails,
  ScheduleView,
} from '../contract/schedule-view';
export type { RowClass, WithheldClass } from '../contract/row-class';
export type { Remains } from '../contract/undo';
export {
  OUTCOMES,
  type MemberStatus,
  type MemberStatusCounts,
  type Outcome,
  type OutcomeCounts,
} from '../contract/outcome';
