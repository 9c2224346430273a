import { setCurrentDetails } from '@temporalio/workflow';
import type { BatchState, Delivery } from '../contract/mailchimp';
import type { ExportCarry, ExportInput, ExportPhase, ExportView, PartCarry } from '../contract/export';
import type { FieldMatch } from '../contract/merge-field';
import type { ExportPlan, PartPlan, SegmentTag } from '../contract/plan';
import type { ExportReport } from '../contract/report';
import { describeExport } from './current-details';
import type { Reason } from './failure';
import { exportSteps, type ExportSteps } from './steps';

/** A part on its way. `batch` is what Mailchimp last told of its batch. */
export interface PartState {
  readonly plan: PartPlan;
  batchId: string | null;
  batch: BatchState | null;
  done: PartCarry['done'];
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
  isYielding: boolean;
  requests: number;
  batches: number;
  fields: readonly FieldMatch[];
  segments: readonly SegmentTag[];
  plan: ExportPlan | null;
  parts: PartState[];
  deliveringSinceMs: number;
  report: ExportReport | null;
  /** A preflight that runs because the export was resumed; shared by all steps that stopped together. */
  recheck: Promise<void> | null;
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
    isYielding: false,
    requests: carry?.requests ?? 0,
    batches: carry?.batches ?? 0,
    fields: carry?.fields ?? [],
    segments: carry?.segments ?? [],
    plan: carry?.plan ?? null,
    parts: [],
    deliveringSinceMs: carry?.deliveringSinceMs ?? Date.now(),
    report: null,
    recheck: null,
  };
  run.parts = (carry?.plan.parts ?? []).map((plan) => {
    const known = carry?.parts.find(({ part }) => part === plan.part);
    return { plan, batchId: known?.batchId ?? null, batch: null, done: known?.done ?? null };
  });
  return run;
}

export function toCarry(run: Run, plan: ExportPlan): ExportCarry {
  return {
    startedAtMs: run.startedAtMs,
    deliveringSinceMs: run.deliveringSinceMs,
    isPaused: run.isPaused,
    requests: run.requests,
    batches: run.batches,
    fields: run.fields,
    segments: run.segments,
    plan,
    parts: run.parts
      .filter(({ batchId, done }) => batchId !== null || done !== null)
      .map(({ plan: { part }, batchId, done }) => ({ part, batchId, done })),
  };
}

export function toDelivery({ input }: Run): Delivery {
  return { audienceId: input.audience.id, firstStatus: input.firstStatus };
}

export function toView(run: Run): ExportView {
  const flying = run.parts.filter(({ batchId, done }) => batchId !== null && done === null);
  const total = (count: (part: PartState) => number) => run.parts.reduce((sum, part) => sum + count(part), 0);
  return {
    ref: run.input.ref,
    n: run.input.n,
    phase: run.phase,
    isPaused: run.isPaused,
    waiting: run.waiting,
    stopped: run.stopped,
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
      operations: flying.reduce((sum, { batch }) => sum + (batch?.total ?? 0), 0),
      finished: flying.reduce((sum, { batch }) => sum + (batch?.finished ?? 0), 0),
    },
    requests: run.requests,
    batches: run.batches,
    report: run.report,
  };
}

/** Makes the Web UI's current details tell the present state. Called after each change that people would want to see. */
export function show(run: Run): void {
  setCurrentDetails(describeExport(toView(run), run.input, Date.now() - run.deliveringSinceMs));
}

export function enter(run: Run, phase: ExportPhase): void {
  run.phase = phase;
  show(run);
}
