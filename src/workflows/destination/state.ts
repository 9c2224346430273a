import { abridgedReports } from '../../contract/abridged';
import { compactConfiguration, fullConfiguration, type CompactConfiguration } from '../../contract/compact';
import { consentFacts } from '../../text/consent-facts';
import type { Audience, Configuration, Consent, StartedExport } from '../../contract/destination';
import type {
  CompactDestinationView,
  DestinationPhase,
  DestinationView,
} from '../../contract/destination-view';
import type { Approval } from '../../contract/guard';
import type { JobInput, JobReport, JobRequest } from '../../contract/job';
import type { JobKind } from '../../contract/job-kind';
import { kindOf } from '../../contract/report';
import { CANCELLED, toReport, type Ended } from '../export/report';
import { staleOf } from './stale';

/** A job that was requested. Each kind has numbers of its own, so that a plan uses up no number of an export. */
export type Job = Omit<JobRequest, 'notify'> & {
  readonly exportId: string;
  readonly number: number;
  /** Undefined in a job that version 0.2.0 has queued. */
  readonly requestedAt?: string;
  /** The job replaces an export whose approved plan was too old. */
  readonly approved?: Approval;
  /** Its child has ended without a report: it still has to be settled. */
  readonly ended?: Ended;
};

export interface Connection {
  readonly name: string;
  readonly account: string;
  readonly accountId: string;
  readonly audience: Audience;
  readonly source: string;
  readonly storeId: string;
  readonly workerTimeoutSeconds: number;
  readonly statusIfNew: string;
  readonly exportUser: string;
  /** Undefined in a state of version 0.3.0. */
  readonly labels?: readonly string[];
}

/** A workflow that gets a signal when a job has ended. */
export interface Watcher {
  readonly workflowId: string;
  /** The job whose end it waits for: the one that it asked for, or its successor. */
  readonly exportId: string;
  readonly requested: string;
}

/** The durable record of a destination, which continue-as-new hands on. Ids, counts and references; replaced, never mutated. */
export interface DestinationState {
  /** Increased when the shape changes, so that a later version can read an older run's state. */
  readonly stateVersion: 1;
  readonly phase: DestinationPhase;
  readonly connection: Connection | null;
  readonly consent: Consent | null;
  readonly configuration: Configuration | null;
  readonly baseline: DestinationView['baseline'];
  /** End of the last completed export, in ISO 8601 and UTC, as `configuredAt`. Undefined in a state that version 0.4.0 has not exported with. */
  readonly completedAt?: string;
  /** When it was configured first. Undefined in a state that version 0.4.0 has not configured. */
  readonly configuredAt?: string;
  /** Number of the last export that was requested. */
  readonly lastNumber: number;
  /** Number of the last plan; undefined in a state of version 0.2.0, whose plans had numbers of exports. */
  readonly lastPlanNumber?: number;
  /** The job that runs. Set before it starts and cleared when it is settled, so a job that is found here still has to be settled. */
  readonly unsettled: Job | null;
  readonly queue: readonly Job[];
  readonly exports: readonly JobReport[];
  /** The last requests with their answers; the server forgets update ids at continue-as-new. */
  readonly answers: readonly { readonly requestId: string; readonly started: StartedExport | null }[];
  /** Undefined where no workflow waits for a job. */
  readonly watchers?: readonly Watcher[];
}

export const NEW_DESTINATION: DestinationState = {
  stateVersion: 1,
  phase: 'connecting',
  connection: null,
  consent: null,
  configuration: null,
  baseline: null,
  lastNumber: 0,
  unsettled: null,
  queue: [],
  exports: [],
  answers: [],
};

const REPORTS_KEPT = 10;
/** Of these: plans must not push out the reports of exports. */
const PLANS_KEPT = 3;
const ANSWERS_KEPT = 100;
/** Of one job. A workflow whose watcher is left out still finds the report when it asks. */
const WATCHERS_KEPT = 20;

const NO_CONNECTION: Connection = {
  name: '',
  account: '',
  accountId: '',
  audience: { id: '', name: '', doubleOptin: false },
  source: '',
  storeId: '',
  workerTimeoutSeconds: 0,
  statusIfNew: '',
  exportUser: '',
};

/** The state as continue-as-new hands it on. */
export interface CarriedState extends Omit<DestinationState, 'configuration'> {
  readonly configuration: CompactConfiguration | null;
}

export function toCarried(state: DestinationState): CarriedState {
  return { ...state, configuration: state.configuration && compactConfiguration(state.configuration) };
}

export function toState(carried: CarriedState): DestinationState {
  return { ...carried, configuration: carried.configuration && fullConfiguration(carried.configuration) };
}

export function toDestinationView(destinationId: string, state: DestinationState): CompactDestinationView {
  const stale = staleOf(state, Date.now());
  const { workerTimeoutSeconds: _, ...connection } = state.connection ?? NO_CONNECTION;
  return {
    destinationId,
    phase: state.phase,
    ...connection,
    labels: connection.labels ?? [],
    consentFacts: factsOf(state),
    consent: state.consent,
    configuration: toCarried(state).configuration,
    baseline: state.baseline,
    ...(stale && { stale }),
    running: state.unsettled && { ...named(state.unsettled), now: null },
    queued: state.queue.map((job) => ({
      ...named(job),
      ...(job.requestedAt !== undefined && { since: job.requestedAt }),
    })),
    exports: state.exports,
  };
}

function named({ exportId, number, kind }: Job) {
  return { exportId, number, kind };
}

/** Null without connection or configuration. */
export function toJobInput(destinationId: string, state: DestinationState, job: Job): JobInput | null {
  const { connection, configuration } = state;
  if (!connection || !configuration) return null;
  const { exportId, kind, number, trigger, options, approved } = job;
  return {
    ref: { destinationId, exportId },
    kind,
    number,
    trigger,
    options,
    destinationName: connection.name,
    account: connection.account,
    accountId: connection.accountId,
    audience: { id: connection.audience.id, name: connection.audience.name },
    source: connection.source,
    storeId: connection.storeId,
    workerTimeoutSeconds: connection.workerTimeoutSeconds,
    statusIfNew: connection.statusIfNew,
    configuration,
    baseline: state.baseline?.exportId ?? null,
    ...(approved && { approved }),
  };
}

function factsOf({ connection }: DestinationState) {
  return connection ? consentFacts(connection.statusIfNew, connection.audience) : [];
}

/** Puts a job back that could not begin. */
export function withJobAgain(state: DestinationState, job: Job): DestinationState {
  return { ...state, unsettled: null, queue: [job, ...state.queue] };
}

/** Takes the job off and keeps its report. */
export function withEndedJob(state: DestinationState, report: JobReport): DestinationState {
  const { tags: _, version: __, ...kept } = report;
  return { ...state, unsettled: null, exports: latest([kept, ...state.exports]) };
}

/** Takes jobs out of the queue. Each leaves a report, so that a client which follows the job learns that it was cancelled. */
export function withoutQueued(
  destinationId: string,
  state: DestinationState,
  isCancelled: (job: Job) => boolean,
): DestinationState {
  const reports = state.queue.filter(isCancelled).flatMap((job) => {
    const input = toJobInput(destinationId, state, job);
    const ended = { status: 'cancelled', startedAtMs: Date.now(), failure: CANCELLED } as const;
    return input ? [toReport(input, null, ended)] : [];
  });
  const queue = state.queue.filter((job) => !isCancelled(job));
  return { ...state, queue, exports: latest([...reports, ...state.exports]) };
}

/** By start, since exports and plans have numbers of their own, and a queued one may be cancelled before the running one ends. */
function latest(reports: readonly JobReport[]): readonly JobReport[] {
  const sorted = reports.toSorted((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
  const plans = sorted.filter((report) => kindOf(report) === 'plan').slice(0, PLANS_KEPT);
  const kept = sorted.filter((report) => kindOf(report) !== 'plan' || plans.includes(report));
  return abridgedReports(kept.slice(0, REPORTS_KEPT));
}

/** The number of the next job of a kind, and the state in which it is used. */
export function withNextNumber(
  state: DestinationState,
  kind: JobKind,
): { readonly number: number; readonly state: DestinationState } {
  if (kind === 'export') {
    const number = state.lastNumber + 1;
    return { number, state: { ...state, lastNumber: number } };
  }
  const number = (state.lastPlanNumber ?? 0) + 1;
  return { number, state: { ...state, lastPlanNumber: number } };
}

export function withAnswer(
  state: DestinationState,
  requestId: string,
  started: StartedExport | null,
): DestinationState {
  return { ...state, answers: [{ requestId, started }, ...state.answers].slice(0, ANSWERS_KEPT) };
}

export function withWatcher(state: DestinationState, exportId: string, workflowId: string): DestinationState {
  const watchers = state.watchers ?? [];
  const ofJob = watchers.filter((watcher) => watcher.exportId === exportId);
  if (ofJob.length >= WATCHERS_KEPT || ofJob.some((watcher) => watcher.workflowId === workflowId))
    return state;
  return { ...state, watchers: [...watchers, { workflowId, exportId, requested: exportId }] };
}

/** Who waits for an export that is replaced waits for its successor. */
export function withWatchersOf(
  state: DestinationState,
  exportId: string,
  successor: string,
): DestinationState {
  if (!state.watchers) return state;
  const watchers = state.watchers.map((watcher) =>
    watcher.exportId === exportId ? { ...watcher, exportId: successor } : watcher,
  );
  return { ...state, watchers };
}

/** The watchers of jobs that are neither running nor queued. */
export function watchersOfEnded({ watchers = [], unsettled, queue }: DestinationState): readonly Watcher[] {
  const open = new Set([unsettled, ...queue].map((job) => job?.exportId));
  return watchers.filter(({ exportId }) => !open.has(exportId));
}

export function withoutWatcher(state: DestinationState, watcher: Watcher): DestinationState {
  const { watchers = [], ...rest } = state;
  const left = watchers.filter((one) => one !== watcher);
  return { ...rest, ...(left.length > 0 && { watchers: left }) };
}
