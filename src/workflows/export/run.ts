import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { BatchState, Delivery } from '../../ports/mailchimp';
import type { ExportCarry, ExportInput, ExportPhase, ExportView, PartDone } from '../../contract/export';
import type { Approval, Guard } from '../../contract/guard';
import type { FieldMatch } from '../../contract/merge-field';
import type { ExportPlan, Lane, PartPlan, SegmentTag } from '../../contract/plan';
import type { ExportReport } from '../../contract/report';
import { describeExport } from './current-details';
import type { Reason } from '../failure';
import type { Hold } from './approval';
import { handedOver, type Lanes } from './choose-lane';
import { exportSteps, type ExportSteps } from '../steps';

/** A part on its way. `batch` is what Mailchimp last told of its batch. */
export interface PartState {
  readonly plan: PartPlan;
  /** How it travels, or has travelled in the end. */
  lane: Lane | null;
  batchId: string | null;
  batch: BatchState | null;
  submittedAtMs: number;
  /** When its batch was last seen to be further than before. */
  progressAtMs: number;
  deletedAtMs: number | null;
  /** Deleted, and still listed: nobody waits for it any more. */
  isGivenUp: boolean;
  done: PartDone | null;
}

/** The one mutable thing of a running export. Workflow code of one run shares it; what must last is in `toCarry`. */
export interface Run {
  readonly input: ExportInput;
  readonly steps: ExportSteps;
  readonly startedAtMs: number;
  phase: ExportPhase;
  isPaused: boolean;
  waiting: Reason | null;
  stopped: Reason | null;
  /** The run's history has grown enough: nothing new is begun, and the next run takes over. */
  isContinuingAsNew: boolean;
  requests: number;
  batches: number;
  /** Rows that were looked up singly. */
  lookups: number;
  lanes: Lanes | null;
  /** Export whose baseline the plan is compared with. */
  baseline: string | null;
  /** After so long nothing of a batch that is gone runs any more; null until Mailchimp was looked at. */
  longestRequestMs: number | null;
  fields: readonly FieldMatch[];
  segments: readonly SegmentTag[];
  plan: ExportPlan | null;
  /** What the plan is held for. */
  guards: readonly Guard[];
  /** Set once the export is held; a decision ends it. */
  hold: Hold | null;
  approval: Approval | null;
  parts: PartState[];
  deliveringSinceMs: number;
  report: ExportReport | null;
  /** A preflight that runs because the export was resumed; shared by all steps that stopped together. */
  recheck: Promise<unknown> | null;
}

export function createRun(input: ExportInput, carry: ExportCarry | undefined): Run {
  const run: Run = {
    input,
    steps: exportSteps(input.storeId),
    startedAtMs: carry?.startedAtMs ?? Date.now(),
    phase: carry ? 'delivering' : 'preflight',
    isPaused: carry?.isPaused ?? false,
    waiting: null,
    stopped: null,
    isContinuingAsNew: false,
    requests: carry?.requests ?? 0,
    batches: carry?.batches ?? 0,
    lookups: carry?.lookups ?? 0,
    lanes: carry?.lanes ?? null,
    baseline: input.baseline,
    longestRequestMs: null,
    fields: carry?.fields ?? [],
    segments: carry?.segments ?? [],
    plan: carry?.plan ?? null,
    guards: carry?.guards ?? [],
    hold: null,
    approval: carry?.approval ?? null,
    parts: [],
    deliveringSinceMs: carry?.deliveringSinceMs ?? Date.now(),
    report: null,
    recheck: null,
  };
  run.parts = (carry?.plan.parts ?? []).map((plan) => {
    const known = carry?.parts.find(({ part }) => part === plan.part);
    return { ...newPart(plan), ...known?.state };
  });
  return run;
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

export function toCarry(run: Run, plan: ExportPlan): ExportCarry {
  return {
    startedAtMs: run.startedAtMs,
    deliveringSinceMs: run.deliveringSinceMs,
    isPaused: run.isPaused,
    requests: run.requests,
    batches: run.batches,
    lookups: run.lookups,
    lanes: run.lanes && handedOver(run.lanes, Date.now()),
    fields: run.fields,
    segments: run.segments,
    plan,
    guards: run.guards,
    approval: run.approval,
    parts: run.parts
      .filter(({ batchId, done }) => batchId !== null || done !== null)
      .map(({ plan: { part }, lane, batchId, submittedAtMs, progressAtMs, deletedAtMs, done }) => ({
        part,
        state: { lane, batchId, submittedAtMs, progressAtMs, deletedAtMs, done },
      })),
  };
}

/** People count from one. */
export function nameOf({ plan }: PartState, { parts }: Run): string {
  return `Part ${plan.part + 1} of ${parts.length}`;
}

export function chunksOf({ plan }: PartState): number[] {
  return Array.from({ length: plan.lastChunk - plan.firstChunk + 1 }, (_, index) => plan.firstChunk + index);
}

/** Parts whose batch is at Mailchimp and has not ended. */
export function inFlight(run: Run): PartState[] {
  return run.parts.filter(
    ({ batchId, batch, done, isGivenUp }) =>
      batchId !== null &&
      done === null &&
      !isGivenUp &&
      batch?.status !== 'finished' &&
      batch?.status !== 'gone',
  );
}

/** Rows in batches, as far as Mailchimp has told: an operation is a chunk. */
export function inFlightRows(run: Run): { readonly answered: number; readonly rows: number } {
  const parts = run.parts.filter(
    ({ lane, batchId, done }) => lane === 'batch' && batchId !== null && done === null,
  );
  return {
    rows: parts.reduce((sum, { plan }) => sum + plan.rows, 0),
    answered: parts.reduce((sum, part) => sum + answeredRows(part), 0),
  };
}

function answeredRows({ plan, batch }: PartState): number {
  return batch && batch.total > 0 ? (plan.rows * batch.finished) / batch.total : 0;
}

export function toDelivery({ input }: Run): Delivery {
  return { audienceId: input.audience.id, statusIfNew: input.statusIfNew };
}

export function toView(run: Run): ExportView {
  const open = run.parts.filter(({ batchId, done }) => batchId !== null && done === null);
  const total = (count: (part: PartState) => number) => run.parts.reduce((sum, part) => sum + count(part), 0);
  return {
    ref: run.input.ref,
    number: run.input.number,
    phase: run.phase,
    isPaused: run.isPaused,
    waiting: run.waiting,
    stopped: run.stopped,
    held: run.hold?.decision === null ? run.hold.held : null,
    startedAt: new Date(run.startedAtMs).toISOString(),
    plan: run.plan,
    done: total(({ plan, done }) => (done ? plan.rows : 0)),
    refused: total(({ done }) => done?.refused ?? 0),
    unproven: total(({ done }) => done?.unproven ?? 0),
    parts: {
      total: run.parts.length,
      submitted: run.parts.filter(({ batchId, done }) => batchId !== null || done !== null).length,
      done: run.parts.filter(({ done }) => done !== null).length,
    },
    running: {
      operations: open.reduce((sum, { batch }) => sum + (batch?.total ?? 0), 0),
      finished: open.reduce((sum, { batch }) => sum + (batch?.finished ?? 0), 0),
    },
    lane: run.lanes && { current: run.lanes.current, why: run.lanes.why },
    requests: run.requests,
    batches: run.batches,
    report: run.report,
  };
}

/** Makes the Web UI's current details tell the present state. Called after each change that people would want to see. */
export function refreshDetails(run: Run): void {
  setCurrentDetails(describeExport(toView(run), run.input, Date.now() - run.deliveringSinceMs));
}

export function setPhase(run: Run, phase: ExportPhase): void {
  run.phase = phase;
  refreshDetails(run);
}

/** The server suggests it at 4,096 events or 4 MB, far from where it would end the run. */
export function continueAsNewWhenLong(run: Run): void {
  if (workflowInfo().continueAsNewSuggested) run.isContinuingAsNew = true;
}
