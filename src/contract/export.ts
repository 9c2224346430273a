import type { Configuration, ExportOptions } from './destination';
import type { Approval, Guard, Held } from './guard';
import type { ExportRef } from './identifiers';
import type { ExportPlan, Lane, SegmentTag } from './plan';
import type { FieldMatch } from './merge-field';
import type { ExportReport } from './report';

/** What an export needs to know; fixed when it starts. References and counts only. */
export interface ExportInput {
  readonly ref: ExportRef;
  readonly number: number;
  readonly trigger: string;
  readonly options: ExportOptions;
  readonly destinationName: string;
  readonly account: string;
  readonly accountId: string;
  readonly audience: { readonly id: string; readonly name: string };
  readonly source: string;
  readonly storeId: string;
  readonly statusIfNew: string;
  readonly configuration: Configuration;
  readonly baseline: string | null;
  /** Of the plan that this export replaces: numbers up to these do not hold it again. */
  readonly approved?: Approval;
}

export const EXPORT_PHASES = [
  'preflight',
  'census',
  'snapshot',
  'planning',
  'held',
  'delivering',
  'settling',
  'completed',
  'planned',
  'cancelled',
  'denied',
  'expired',
  'replanned',
  'failed',
] as const;
export type ExportPhase = (typeof EXPORT_PHASES)[number];

/** What an export tells while it runs; its current details say the same in words. */
export interface ExportView {
  readonly ref: ExportRef;
  readonly number: number;
  readonly phase: ExportPhase;
  readonly isPaused: boolean;
  /** The provider or the store is away: the export goes on by itself. */
  readonly waiting: { readonly code: string; readonly message: string } | null;
  /** A person has to mend something and then `resume`. */
  readonly stopped: { readonly code: string; readonly message: string } | null;
  /** Somebody has to approve or deny the plan; nothing is sent before. */
  readonly held: Held | null;
  readonly startedAt: string;
  readonly plan: ExportPlan | null;
  /** Changes (rows) that have an answer, of those planned. */
  readonly done: number;
  readonly refused: number;
  readonly unproven: number;
  readonly parts: { readonly total: number; readonly submitted: number; readonly done: number };
  /** Operations finished in batches that are still running, as Mailchimp last told. */
  readonly running: { readonly operations: number; readonly finished: number };
  /** How the changes travel now, and why; null before any has to. */
  readonly lane: { readonly current: Lane; readonly why: string } | null;
  readonly requests: number;
  readonly batches: number;
  readonly report: ExportReport | null;
}

/** What an export hands to its next run by continue-as-new. Everything else lies in staging. */
export interface ExportCarry {
  readonly startedAtMs: number;
  readonly deliveringSinceMs: number;
  readonly isPaused: boolean;
  readonly requests: number;
  readonly batches: number;
  readonly lookups: number;
  readonly lanes: LanesCarry | null;
  readonly fields: readonly FieldMatch[];
  readonly segments: readonly SegmentTag[];
  readonly plan: ExportPlan;
  readonly guards: readonly Guard[];
  readonly approval: Approval | null;
  readonly parts: readonly PartCarry[];
}

/** A part that is not waiting for its turn: batches in flight go on by their id. */
interface PartCarry {
  readonly part: number;
  readonly state: {
    readonly lane: Lane | null;
    readonly batchId: string | null;
    readonly submittedAtMs: number;
    readonly progressAtMs: number;
    readonly deletedAtMs: number | null;
    readonly done: PartDone | null;
  };
}

export interface PartDone {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unproven: number;
}

/** How a lane has done so far. */
export interface LaneMeter {
  /** Rows answered in it. */
  readonly rows: number;
  /** Milliseconds in which it had something to do, until `busySinceMs`. */
  readonly busyMs: number;
  /** Parts on their way in it. */
  readonly parts: number;
  readonly busySinceMs: number;
}

export interface LanesCarry {
  readonly current: Lane;
  /** Why, for people. */
  readonly why: string;
  readonly batch: LaneMeter;
  readonly direct: LaneMeter;
}
