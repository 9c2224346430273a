import { recordObstacle } from '../metrics';
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { BatchState, Delivery } from '../../ports/mailchimp';
import {
  OPEN_PHASES,
  type ExportInput,
  type ExportObstacle,
  type ExportPhase,
  type ExportState,
  type ExportView,
  type Since,
} from '../../contract/export';
import type { Approval, Approved, Denial, Guard, Held } from '../../contract/guard';
import type { FieldMatch } from '../../contract/merge-field';
import type { ExportPlan, Lane, PartPlan, SegmentTag } from '../../contract/plan';
import type { Reason } from '../../contract/reason';
import type { ExportReport, ExportStatus } from '../../contract/report';
import { NEW_TIMELINE, withSeen, type OpenTimeline, type TimelineState } from '../../contract/timeline';
import { laneRate, withoutOutage, type Lanes } from './choose-lane';
import { describeExport } from './current-details';
import type { ExportWaits, Wait } from '../../contract/export-waits';
import { logObstacle } from './log-export';
import { historyAge } from '../history-age';
import { hasAttributes, setAttributes } from '../search-attributes';
import { jobAttributes } from './job-attributes';
import { signalWaits } from './signal-waits';
import { exportSteps, type ExportSteps } from '../steps';

/** A part, from its plan to its results. Parts in flight continue in the next run by their batch id. */
export interface PartState {
  readonly plan: PartPlan;
  /** How it is sent, or was sent. */
  lane: Lane | null;
  batchId: string | null;
  /** Its batch as Mailchimp last reported it. */
  batch: BatchState | null;
  submittedAtMs: number;
  /** When its batch was last seen to have advanced. */
  progressAtMs: number;
  deletedAtMs: number | null;
  /** Deleted and still listed after ten minutes: the export no longer waits for it. */
  isGivenUp: boolean;
  done: PartDone | null;
}

interface PartDone {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unproven: number;
}

/** The state of an export: continue-as-new hands it on as it is. Ids and counts; rows are in staging. */
export interface ExportRecord {
  phase: ExportPhase;
  readonly startedAtMs: number;
  /** When the phase began. Undefined in a run that version 0.2.0 handed over, as is `pausedSinceMs`. */
  phaseSinceMs?: number;
  deliveringSinceMs: number;
  isPaused: boolean;
  /** What the last signal to the destination says that the export waits for. Undefined: nothing. */
  signalled?: Wait;
  /** When the last pause began. */
  pausedSinceMs?: number;
  requests: number;
  batches: number;
  /** Rows that were looked up one by one. */
  lookups: number;
  lanes: Lanes | null;
  /** Export whose baseline the plan is compared with. */
  baseline: string | null;
  /** Age at which no request of a deleted batch can still be running; null until a poll has reported it. */
  longestRequestMs: number | null;
  /** How it ends: what is left is to settle. */
  ending?: ExportStatus;
  /** Time that it waited while it delivered. */
  outageMs?: number;
  fields: readonly FieldMatch[];
  segments: readonly SegmentTag[];
  plan: ExportPlan | null;
  /** What was read and how it is exported, as a hash. Undefined: not known. */
  version?: string;
  /** Code of the last stop, until a step succeeds again. */
  stoppedFor?: string | undefined;
  /** What the plan is held for. */
  guards: readonly Guard[];
  approval: Approval | null;
  /** Whether it sets search attributes, as the preflight said. Undefined: where it was started with them. */
  searchAttributes?: boolean;
  /** Whether the source may be read while the audience is read, as the preflight said. */
  readsAtOnce?: boolean;
  parts: readonly PartState[];
  /** Undefined in a run that an earlier version handed over. */
  timeline?: OpenTimeline;
}

export type Decision = Approved | 'denied' | 'expired';

/** The plan that the export was held with, and what became of it. */
export interface Decided {
  readonly held: Held;
  readonly decision: Decision;
  /** Of a `denied` one. */
  readonly denial?: Denial;
}

/** One run of an export. Its coroutines and handlers share this object and change it in place. */
export interface Run {
  readonly input: ExportInput;
  readonly steps: ExportSteps;
  readonly record: ExportRecord;
  /**
   * One at a time: an export is held while no step runs, `stopped` outlasts `waiting`, and `cancelling` ends them all. A pause is
   * not one of them, since an export that is held, waits or is stopped can be paused and decided about as well: see
   * `ExportRecord.isPaused`.
   */
  obstacle: (ExportObstacle & Since) | null;
  /** Lets `approve` and `deny` give a repeated request the same answer. */
  decided: Decided | null;
  /** The history is long: start nothing new, so that the next run can take over. */
  isContinuingAsNew: boolean;
  /** The preflight that `resume` started; shared by all steps that stopped together. */
  recheck: Promise<void> | null;
  report: ExportReport | null;
  /** Why it failed, once it has wound down. */
  failure: Reason | null;
  /** The step that tries again while the export waits. */
  prober: object | null;
  /** Whether the history of the run began with version 0.4.0. */
  readonly isSince040: boolean;
}

export function createRun(input: ExportInput, record: ExportRecord = newRecord(input)): Run {
  return {
    input,
    record,
    steps: exportSteps(input),
    obstacle: null,
    decided: null,
    isContinuingAsNew: false,
    recheck: null,
    report: null,
    failure: null,
    prober: null,
    isSince040: historyAge().isSince040,
  };
}

function newRecord({ baseline }: ExportInput): ExportRecord {
  return {
    phase: 'preflight',
    startedAtMs: Date.now(),
    phaseSinceMs: Date.now(),
    deliveringSinceMs: Date.now(),
    isPaused: false,
    requests: 0,
    batches: 0,
    lookups: 0,
    lanes: null,
    baseline,
    longestRequestMs: null,
    fields: [],
    segments: [],
    plan: null,
    guards: [],
    approval: null,
    parts: [],
    timeline: NEW_TIMELINE,
  };
}

export function newPart(plan: PartPlan): PartState {
  return {
    plan,
    lane: null,
    batchId: null,
    batch: null,
    submittedAtMs: 0,
    progressAtMs: 0,
    deletedAtMs: null,
    isGivenUp: false,
    done: null,
  };
}

/** 1-based for display. */
export function nameOf({ plan }: PartState, { record }: Run): string {
  return `Part ${plan.part + 1} of ${record.parts.length}`;
}

export function chunksOf({ plan }: PartState): number[] {
  return Array.from({ length: plan.lastChunk - plan.firstChunk + 1 }, (_, index) => plan.firstChunk + index);
}

/** Parts whose batch is at Mailchimp and has not ended. */
export function inFlight({ record }: Run): PartState[] {
  return record.parts.filter((part) => part.batchId !== null && part.done === null && !hasEnded(part));
}

/** Whether the part's batch has ended: its results can be read now, or never. */
export function hasEnded({ batch, isGivenUp }: PartState): boolean {
  return isGivenUp || batch?.status === 'finished' || batch?.status === 'gone';
}

/** Rows in batches, estimated from what Mailchimp reported: an operation is a chunk. */
export function inFlightRows({ record, isSince040: isNew }: Run): {
  readonly answered: number;
  readonly rows: number;
} {
  const parts = record.parts.filter(
    ({ lane, batchId, done }) => lane === 'batch' && batchId !== null && done === null,
  );
  return {
    rows: parts.reduce((sum, { plan }) => sum + plan.rows, 0),
    answered: parts.reduce((sum, part) => sum + (isNew && isFinalizing(part) ? 0 : answeredRows(part)), 0),
  };
}

function answeredRows({ plan, batch }: PartState): number {
  return batch && batch.total > 0 ? (plan.rows * batch.finished) / batch.total : 0;
}

/** Whether all operations of the part's batch are finished, and the batch is not: it has answered nothing yet. */
export function isFinalizing({ batch }: PartState): boolean {
  return batch !== null && batch.status !== 'finished' && batch.total > 0 && batch.finished >= batch.total;
}

export function toDelivery({ input, record }: Run): Delivery {
  return { audienceId: input.audience.id, statusIfNew: input.statusIfNew, since: record.startedAtMs };
}

export function toView(run: Run): ExportView {
  const { input, record, report, failure } = run;
  const { phase, isPaused, startedAtMs, plan, parts, lanes, requests, batches } = record;
  const submitted = parts.filter(({ batchId, done }) => batchId !== null || done !== null);
  const open = submitted.filter(({ done }) => done === null);
  const total = (count: (part: PartState) => number) => parts.reduce((sum, part) => sum + count(part), 0);
  return {
    ref: input.ref,
    kind: input.kind,
    number: input.number,
    phase,
    state: stateOf(run),
    isPaused,
    startedAt: new Date(startedAtMs).toISOString(),
    plan,
    done: total(({ plan, done }) => (done ? plan.rows : 0)),
    refused: total(({ done }) => done?.refused ?? 0),
    unproven: total(({ done }) => done?.unproven ?? 0),
    parts: { total: parts.length, submitted: submitted.length, done: submitted.length - open.length },
    finishedInFlight: open.reduce((sum, { batch }) => sum + (batch?.finished ?? 0), 0),
    lane: lanes && { current: lanes.current, why: lanes.why },
    requests,
    batches,
    report,
    failure,
  };
}

function stateOf({ record, obstacle }: Run): ExportState {
  const { isPaused, pausedSinceMs, phaseSinceMs, startedAtMs } = record;
  if (obstacle) return obstacle;
  const sinceMs = (isPaused ? pausedSinceMs : phaseSinceMs) ?? startedAtMs;
  return { kind: isPaused ? 'paused' : 'running', since: new Date(sinceMs).toISOString() };
}

/** Updates the Web UI's current details. Called after each change that a reader would look for. */
export function refreshDetails(run: Run): void {
  keepTime(run);
  const { lanes } = run.record;
  const rowsPerMs = lanes ? laneRate(lanes, { nowMs: Date.now(), inFlight: inFlightRows(run) }) : 0;
  const { namespace } = workflowInfo();
  setCurrentDetails(describeExport(toView(run), run.input, { rowsPerMs, namespace }));
}

function keepTime(run: Run): void {
  const { record } = run;
  if (!record.timeline) return;
  const changes = record.parts.reduce((sum, { plan, done }) => sum + (done ? plan.rows : 0), 0);
  const ms = Date.now() - record.startedAtMs;
  record.timeline = withSeen(record.timeline, { ms, changes, state: timelineStateOf(run) });
}

function timelineStateOf(run: Run): TimelineState {
  const { record, obstacle } = run;
  if (obstacle) return obstacle.kind === 'cancelling' ? 'settling' : obstacle.kind;
  if (record.isPaused) return 'paused';
  if (record.phase === 'delivering') return isWithProvider(run) ? 'provider' : 'sending';
  return (OPEN_PHASES as readonly ExportPhase[]).includes(record.phase) && record.phase !== 'settling'
    ? 'preparing'
    : 'settling';
}

/** Batches are at Mailchimp, and no part is sent, or read, beside them. */
function isWithProvider(run: Run): boolean {
  const isBusy = run.record.parts.some(
    (part) => part.done === null && (part.lane === 'direct' || (part.batchId !== null && hasEnded(part))),
  );
  return !isBusy && inFlight(run).length > 0;
}

/** For lists: what it does, or how it has ended. Called where that changes. */
export function publishAttributes(run: Run): void {
  if (!(run.record.searchAttributes ?? hasAttributes())) return;
  const { phase } = run.record;
  // While it is open, its state says more than its phase.
  const isOpen = (OPEN_PHASES as readonly ExportPhase[]).includes(phase);
  setAttributes(jobAttributes(run.input, isOpen ? stateOf(run).kind : phase));
}

export function setPhase(run: Run, phase: ExportPhase): void {
  // A step that is retried stays in its phase.
  if (run.record.phase !== phase) run.record.phaseSinceMs = Date.now();
  run.record.phase = phase;
  refreshDetails(run);
  publishAttributes(run);
  // The run before may have been held when it handed over.
  if (phase === 'delivering') signalWaits(run, waitsOf(run));
}

/** To pause a paused export changes nothing. */
export function setPaused(run: Run, isPaused: boolean): void {
  if (isPaused && !run.record.isPaused) run.record.pausedSinceMs = Date.now();
  // The step that tries again may be one that waits while paused.
  if (isPaused) run.prober = null;
  run.record.isPaused = isPaused;
  refreshDetails(run);
  publishAttributes(run);
  signalWaits(run, waitsOf(run));
}

function waitsOf({ record, obstacle }: Run): ExportWaits['waits'] {
  if (obstacle?.kind === 'held') {
    const guards = [...new Set(obstacle.held.guards.map(({ code }) => code))];
    return { kind: 'held', since: obstacle.since, guards };
  }
  if (obstacle?.kind === 'stopped') {
    const { code } = obstacle.reason;
    const isRepeated = record.stoppedFor === code;
    return { kind: 'stopped', since: obstacle.since, code, ...(isRepeated && { isRepeated }) };
  }
  // Also one that waits by itself would send nothing afterwards.
  const { isPaused, pausedSinceMs } = record;
  return isPaused ? { kind: 'paused', since: new Date(pausedSinceMs ?? Date.now()).toISOString() } : null;
}

/** Once an export winds down, neither a step that fails beside it nor a `resume` changes what it shows. */
export function setObstacle(run: Run, obstacle: ExportObstacle | null): void {
  const before = run.obstacle;
  if (before?.kind === 'cancelling') return;
  // An export that waits again, or for another reason, has waited since the first one.
  const since = before?.kind === obstacle?.kind ? before?.since : undefined;
  if (before?.kind === 'waiting' && since === undefined) leaveOut(run, Date.now() - Date.parse(before.since));
  if (obstacle?.kind !== before?.kind) logObstacle(run, obstacle);
  run.obstacle = obstacle && { ...obstacle, since: since ?? new Date().toISOString() };
  if (obstacle && since === undefined) recordObstacle(run.input.ref.destinationId, obstacle.kind);
  refreshDetails(run);
  publishAttributes(run);
  // One that winds down has ended soon.
  if (obstacle?.kind !== 'cancelling') signalWaits(run, waitsOf(run));
  if (obstacle?.kind === 'stopped') run.record.stoppedFor = obstacle.reason.code;
}

/** Time of an outage is no time in which a batch made no progress, or in which a lane was slow. */
function leaveOut({ record, isSince040: isNew }: Run, outageMs: number): void {
  if (!isNew || record.phase !== 'delivering') return;
  record.outageMs = (record.outageMs ?? 0) + outageMs;
  record.lanes = record.lanes && withoutOutage(record.lanes, outageMs);
  for (const part of record.parts)
    if (part.batchId !== null && part.done === null) part.progressAtMs += outageMs;
}

/** The server suggests it at 4,096 events or 4 MB, well before it would end the run. */
export function continueAsNewWhenLong(run: Run): void {
  if (workflowInfo().continueAsNewSuggested) run.isContinuingAsNew = true;
}
