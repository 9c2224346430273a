import { abridgedReports } from '../../contract/abridged';
import { compactConfiguration, fullConfiguration, type CompactConfiguration } from '../../contract/compact';
import { historyOf, withdrawal, withEvent, type ConsentEvent } from '../../contract/consent-history';
import { consentFacts } from '../../text/consent-facts';
import type { Audience, Configuration, Consent, StartedExport } from '../../contract/destination';
import type {
  CompactDestinationView,
  DestinationPhase,
  DestinationView,
} from '../../contract/destination-view';
import type { Approval } from '../../contract/guard';
import type { JobInput, JobReport, JobRequest, ScheduleReference } from '../../contract/job';
import type { JobKind } from '../../contract/job-kind';
import { kindOf } from '../../contract/report';
import type { Undone } from '../../contract/undo';
import type { AlertState } from './alerts';
import { CANCELLED, toReport, type Ended } from '../export/report';
import { fromProposed, type Proposed } from './proposed';
import { staleOf } from './stale';

/** A job that was requested. Each kind has numbers of its own, so that a plan uses up no number of an export. */
export type Job = Omit<JobRequest, 'notify' | 'proposal'> & {
  readonly exportId: string;
  readonly number: number;
  /** Undefined in a job that version 0.2.0 has queued. */
  readonly requestedAt?: string;
  /** The workflow that asked for it. Undefined: a client did. */
  readonly requestedBy?: string;
  /** The job replaces an export whose approved plan was too old. */
  readonly approved?: Approval;
  /** Its child has ended without a report: it still has to be settled. */
  readonly ended?: Ended;
  /** Of a plan: the settings that it is made with. Undefined: those of the destination. */
  readonly proposed?: Proposed;
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
  /** Latest first. Undefined in a state in which nothing was agreed to or withdrawn since version 0.4.0. */
  readonly consentHistory?: readonly ConsentEvent[];
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
  /** Numbers of the last jobs of the other kinds. Undefined: there was none. */
  readonly lastNumbers?: Partial<Readonly<Record<JobKind, number>>>;
  /** The job that runs. Set before it starts and cleared when it is settled, so a job that is found here still has to be settled. */
  readonly unsettled: Job | null;
  readonly queue: readonly Job[];
  readonly exports: readonly JobReport[];
  /** Ids of those of `exports` whose reports the store has, or does not want. Undefined: of none. */
  readonly reported?: readonly string[];
  /** The last requests with their answers; the server forgets update ids at continue-as-new. */
  readonly answers: readonly { readonly requestId: string; readonly started: StartedExport | null }[];
  /** Whether the destination and its exports set search attributes, as the worker said last. */
  readonly searchAttributes?: boolean;
  /** Undefined where no workflow waits for a job. */
  readonly watchers?: readonly Watcher[];
  /** Undefined where nothing was ever wrong. */
  readonly alerts?: AlertState;
  /** The export that was taken back last, as long as that holds the next one. */
  readonly undone?: Undone | undefined;
  /** The schedules that have asked for exports, the last one first. Undefined: none has. */
  readonly schedules?: readonly SeenSchedule[];
}

/** A schedule, as it was when it asked for an export: the destination does not hear of a change before the next time. */
export interface SeenSchedule extends ScheduleReference {
  /** In ISO 8601 and UTC. */
  readonly askedAt: string;
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
/** Of these, of each kind but exports: they must not push out the reports of exports. */
const OTHERS_KEPT = 3;
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

/** Settings that open plans are made with. */
export function openProposals({ unsettled, queue }: DestinationState): readonly Proposed[] {
  return [unsettled, ...queue].flatMap((job) => job?.proposed ?? []);
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
    consentHistory: consentHistoryOf(state),
    configuration: toCarried(state).configuration,
    baseline: state.baseline,
    ...(stale && { stale }),
    ...(state.alerts?.undelivered && { undeliveredAlerts: state.alerts.undelivered }),
    running: state.unsettled && { ...named(state.unsettled), now: null },
    queued: state.queue.map((job) => ({
      ...named(job),
      ...(job.requestedAt !== undefined && { since: job.requestedAt }),
    })),
    exports: state.exports,
  };
}

/** The person who asked for a job. */
export function askerOf({
  by,
  removal,
  undo,
}: Pick<JobRequest, 'by' | 'removal' | 'undo'>): string | undefined {
  return removal?.by ?? undo?.by ?? by;
}

function named({ exportId, number, kind }: Job) {
  return { exportId, number, kind };
}

/** Null without connection or configuration. */
export function toJobInput(destinationId: string, state: DestinationState, job: Job): JobInput | null {
  const { connection } = state;
  const { proposed } = job;
  const configuration = proposed ? fromProposed(proposed, state.configuration) : state.configuration;
  if (!connection || !configuration) return null;
  const { exportId, kind, number, trigger, requestedBy, options, approved, removal, repair, undo, forget } =
    job;
  const askedBy = askerOf(job);
  return {
    ref: { destinationId, exportId },
    kind,
    number,
    trigger,
    ...(requestedBy !== undefined && { requestedBy }),
    ...(askedBy !== undefined && { askedBy }),
    options,
    destinationName: connection.name,
    account: connection.account,
    accountId: connection.accountId,
    audience: { id: connection.audience.id, name: connection.audience.name },
    source: connection.source,
    storeId: connection.storeId,
    workerTimeoutSeconds: connection.workerTimeoutSeconds,
    statusIfNew: proposed?.statusIfNew ?? connection.statusIfNew,
    configuration,
    baseline: state.baseline?.exportId ?? null,
    ...(approved && { approved }),
    ...(removal && { removal }),
    ...(repair && { repair }),
    ...(undo && { undo }),
    ...(state.undone && !undo && !removal && { undone: state.undone }),
    ...(forget && { forget }),
  };
}

function consentHistoryOf({ consent, consentHistory }: DestinationState): readonly ConsentEvent[] {
  return consentHistory ?? historyOf(consent);
}

/** With the consent that a person gave. */
export function withConsent(state: DestinationState, consent: Consent): DestinationState {
  const { agreedBy: by, agreedAt: at, textVersion } = consent;
  const consentHistory = withEvent(consentHistoryOf(state), { event: 'agreed', by, at, textVersion });
  return { ...state, consent, consentHistory };
}

/** With its consent withdrawn. A second time changes nothing: the first one counts. */
export function withoutConsent(
  state: DestinationState,
  { by, at, reason }: { readonly by: string; readonly at: string; readonly reason?: string | undefined },
): DestinationState {
  const { consent } = state;
  if (!consent || consent.withdrawnAt !== undefined) return state;
  return {
    ...state,
    consent: {
      ...consent,
      withdrawnAt: at,
      withdrawnBy: by,
      ...(reason !== undefined && { withdrawnReason: reason }),
    },
    consentHistory: withEvent(consentHistoryOf(state), withdrawal({ by, at, reason })),
  };
}

export function isConsentWithdrawn({ consent }: DestinationState): boolean {
  return consent?.withdrawnAt !== undefined;
}

function factsOf({ connection, consent }: DestinationState) {
  return connection ? consentFacts(connection.statusIfNew, connection.audience, consent?.proof) : [];
}

/** Keeps what a step said of search attributes, if it did. */
export function withSearchAttributes(
  state: DestinationState,
  { searchAttributes }: { readonly searchAttributes?: boolean },
): DestinationState {
  return searchAttributes === undefined ? state : { ...state, searchAttributes };
}

/** The reports of exports that no step has given to the store yet: of the last one, and of any whose step failed. */
export function unreported({ exports, reported = [] }: DestinationState): readonly JobReport[] {
  return exports.filter((report) => kindOf(report) === 'export' && !reported.includes(report.exportId));
}

/** Remembers which reports the store has, of those that the destination keeps. */
export function withReported(state: DestinationState, reported: readonly string[]): DestinationState {
  const all = [...(state.reported ?? []), ...reported];
  const kept = state.exports.flatMap(({ exportId }) => (all.includes(exportId) ? exportId : []));
  return { ...state, reported: kept };
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

/** Removed, with its consent withdrawn and nothing queued. */
export function removed(destinationId: string, now: DestinationState, by: string): DestinationState {
  const state = withoutQueued(destinationId, now, () => true);
  return { ...withoutConsent(state, { by, at: new Date().toISOString() }), phase: 'removed' };
}

/** By start, since exports and plans have numbers of their own, and a queued one may be cancelled before the running one ends. */
function latest(reports: readonly JobReport[]): readonly JobReport[] {
  const sorted = reports.toSorted((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
  const seen: Partial<Record<JobKind, number>> = {};
  const kept = sorted.filter((report) => {
    const kind = kindOf(report);
    const before = seen[kind] ?? 0;
    seen[kind] = before + 1;
    return kind === 'export' || before < OTHERS_KEPT;
  });
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
  if (kind === 'plan') {
    const number = (state.lastPlanNumber ?? 0) + 1;
    return { number, state: { ...state, lastPlanNumber: number } };
  }
  const number = (state.lastNumbers?.[kind] ?? 0) + 1;
  return { number, state: { ...state, lastNumbers: { ...state.lastNumbers, [kind]: number } } };
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

/** A destination has few schedules; one that was deleted is left out in time. */
const SCHEDULES_KEPT = 3;

export function withSchedule(state: DestinationState, seen: SeenSchedule): DestinationState {
  const others = (state.schedules ?? []).filter(({ name }) => name !== seen.name);
  return { ...state, schedules: [seen, ...others].slice(0, SCHEDULES_KEPT) };
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
