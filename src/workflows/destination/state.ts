import { consentFacts } from '../../text/consent-facts';
import type {
  Audience,
  Configuration,
  Consent,
  DestinationPhase,
  DestinationView,
  ExportOptions,
  StartedExport,
} from '../../contract/destination';
import type { ExportInput } from '../../contract/export';
import type { Approval } from '../../contract/guard';
import type { ExportReport } from '../../contract/report';
import { CANCELLED, toReport } from '../export/report';
import { withTag } from './tag-identity';

/** An export that was asked for. */
export interface Job {
  readonly exportId: string;
  readonly number: number;
  readonly options: ExportOptions;
  readonly trigger: string;
  /** It replaces an export whose approved plan was too old. */
  readonly approved?: Approval;
}

interface Connection {
  readonly name: string;
  readonly account: string;
  readonly accountId: string;
  readonly audience: Audience;
  readonly source: string;
  readonly storeId: string;
  readonly statusIfNew: string;
  readonly exportUser: string;
}

/** The durable record of a destination: what continue-as-new hands on. Ids, counts and references; replaced, never mutated. */
export interface DestinationState {
  /** Raised when the shape changes, so that a later version can read an older run's state. */
  readonly stateVersion: 1;
  readonly phase: DestinationPhase;
  readonly connection: Connection | null;
  readonly consent: Consent | null;
  readonly configuration: Configuration | null;
  readonly baseline: { readonly exportId: string; readonly size: number } | null;
  /** Number of the last export that was asked for. */
  readonly lastNumber: number;
  /** Listed before it starts and taken off when it is settled: a job found here has still to be settled. */
  readonly unsettled: Job | null;
  readonly queue: readonly Job[];
  readonly exports: readonly ExportReport[];
  /** The last requests with their answers; the server forgets update ids at continue-as-new. */
  readonly answers: readonly { readonly requestId: string; readonly started: StartedExport | null }[];
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
const ANSWERS_KEPT = 100;

const NO_CONNECTION: Connection = {
  name: '',
  account: '',
  accountId: '',
  audience: { id: '', name: '', doubleOptin: false },
  source: '',
  storeId: '',
  statusIfNew: '',
  exportUser: '',
};

export function toDestinationView(destinationId: string, state: DestinationState): DestinationView {
  return {
    destinationId,
    phase: state.phase,
    ...(state.connection ?? NO_CONNECTION),
    consentFacts: factsOf(state),
    consent: state.consent,
    configuration: state.configuration,
    baseline: state.baseline,
    running: state.unsettled && { exportId: state.unsettled.exportId, number: state.unsettled.number },
    queued: state.queue.length,
    exports: state.exports,
  };
}

export function toExportInput(destinationId: string, state: DestinationState, job: Job): ExportInput | null {
  const { connection, configuration } = state;
  if (!connection || !configuration) return null;
  const { exportId, number, trigger, options, approved } = job;
  return {
    ref: { destinationId, exportId },
    number,
    trigger,
    options,
    destinationName: connection.name,
    account: connection.account,
    accountId: connection.accountId,
    audience: { id: connection.audience.id, name: connection.audience.name },
    source: connection.source,
    storeId: connection.storeId,
    statusIfNew: connection.statusIfNew,
    configuration,
    baseline: state.baseline?.exportId ?? null,
    ...(approved && { approved }),
  };
}

function factsOf({ connection }: DestinationState) {
  return connection ? consentFacts(connection.statusIfNew, connection.audience) : [];
}

/** The one durable change that commits an export: its report, and with it the baseline it leaves. `asked`: what it was configured as. */
export function withReport(
  state: DestinationState,
  report: ExportReport,
  asked = state.configuration,
): DestinationState {
  const configuration = state.configuration && {
    ...state.configuration,
    segments: state.configuration.segments.map((known) => withTag(known, report, asked?.segments ?? [])),
  };
  return {
    ...state,
    configuration,
    unsettled: null,
    baseline: report.isSettled ? { exportId: report.exportId, size: report.baselineSize } : state.baseline,
    exports: latest([report, ...state.exports]),
  };
}

/** An export that was approved too late for its plan is followed at once by one that plans anew, before any that waits. */
export function withSuccessor(
  state: DestinationState,
  { options, trigger }: Job,
  { report, exportId }: { readonly report: ExportReport; readonly exportId: string },
): DestinationState {
  const number = state.lastNumber + 1;
  const { approval } = report;
  const job: Job = { exportId, number, options, trigger, ...(approval && { approved: approval }) };
  const reported = withReport(state, { ...report, next: { exportId, number } });
  return { ...reported, lastNumber: number, queue: [job, ...state.queue] };
}

/** Whoever follows an export that waited, and is not wanted any more, is told so by a report too. */
export function withoutWaiting(
  destinationId: string,
  state: DestinationState,
  isUnwanted: (job: Job) => boolean,
): DestinationState {
  const reports = state.queue.filter(isUnwanted).flatMap((job) => {
    const input = toExportInput(destinationId, state, job);
    const ended = { status: 'cancelled', startedAtMs: Date.now(), failure: CANCELLED } as const;
    return input ? [toReport(input, null, ended)] : [];
  });
  const queue = state.queue.filter((job) => !isUnwanted(job));
  return { ...state, queue, exports: latest([...reports, ...state.exports]) };
}

function latest(reports: readonly ExportReport[]): readonly ExportReport[] {
  return reports.toSorted((one, other) => other.number - one.number).slice(0, REPORTS_KEPT);
}

export function withAnswer(
  state: DestinationState,
  requestId: string,
  started: StartedExport | null,
): DestinationState {
  return { ...state, answers: [{ requestId, started }, ...state.answers].slice(0, ANSWERS_KEPT) };
}
