import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  ConfigureInput,
  ConnectInput,
  Envelope,
  ExportEnvelope,
  MoveStoreInput,
  RemoveRequest,
  StartedExport,
  WithdrawConsentInput,
} from '../contract/destination';
import type {
  AccountBudget,
  Gone,
  Lease,
  LeaseRequest,
  PaceRequest,
  Release,
} from '../contract/account-budget';
import type { AlertDelivery } from '../contract/alert';
import type { CompactDestinationView } from '../contract/destination-view';
import type { EndedExport } from '../contract/ended-export';
import type { ExportView } from '../contract/export';
import type { ExportWaits } from '../contract/export-waits';
import type { Approved, ApproveInput } from '../contract/guard';
import type { JobRequestInput } from '../contract/job';

/** Updates of a destination. Each is parsed in its validator, so raw JSON from the Temporal CLI gets the same clear errors. */
export const connectUpdate = defineUpdate<CompactDestinationView, [ConnectInput, Envelope]>('connect');
export const configureUpdate = defineUpdate<CompactDestinationView, [ConfigureInput, Envelope]>('configure');
export const startJobUpdate = defineUpdate<StartedExport, [JobRequestInput, Envelope]>('startJob');
export const cancelExportUpdate = defineUpdate<null, [{ exportId: string }, Envelope]>('cancelExport');
export const withdrawConsentUpdate = defineUpdate<CompactDestinationView, [WithdrawConsentInput, Envelope]>(
  'withdrawConsent',
);
export const moveStoreUpdate = defineUpdate<CompactDestinationView, [MoveStoreInput, Envelope]>('moveStore');
export const removeDestinationUpdate = defineUpdate<CompactDestinationView, [RemoveRequest, Envelope]>(
  'removeDestination',
);
export const stateQuery = defineQuery<CompactDestinationView>('state');

/** Messages of an export. The envelope of an update names the export. */
export const progressQuery = defineQuery<ExportView>('progress');
export const pauseUpdate = defineUpdate<null, [ExportEnvelope]>('pause');
/** Continues after `pause`, and after the cause of a stop was fixed. */
export const resumeUpdate = defineUpdate<null, [ExportEnvelope]>('resume');
/** Decide about the plan that an export is held with; both work while it is paused. */
export const approveUpdate = defineUpdate<Approved, [ApproveInput, ExportEnvelope]>('approve');
export const denyUpdate = defineUpdate<null, [ApproveInput, ExportEnvelope]>('deny');

/** From an export to its destination, when it begins to wait for a person and when it goes on. May come twice. */
export const exportWaitsSignal = defineSignal<[ExportWaits]>('exportWaits');
/** From a destination to each workflow that its request named in `notify`. May come twice. */
export const exportEndedSignal = defineSignal<[EndedExport]>('exportEnded');

/** To a destination: whether its alerts arrive at a receiver. */
export const alertDeliverySignal = defineSignal<[AlertDelivery]>('alertDelivery');

/** Messages of the budget of an account. A worker process asks for connections; its last request counts. */
export const leaseUpdate = defineUpdate<Lease, [LeaseRequest]>('lease');
/** Gives all connections of a process back. May come twice, or late. */
export const releaseSignal = defineSignal<[Release]>('release');
/** Processes that have ended without giving back. May come twice, or late. */
export const goneSignal = defineSignal<[Gone]>('gone');
export const paceUpdate = defineUpdate<AccountBudget, [PaceRequest]>('pace');
export const budgetQuery = defineQuery<AccountBudget>('budget');
