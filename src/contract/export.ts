import type { Configuration } from './destination';
import type { ExportOptions } from './export-options';
import type { Forget } from './forget';
import type { Approval, Held } from './guard';
import type { ExportRef } from './identifiers';
import type { JobKind } from './job-kind';
import type { ExportPlan, Lane } from './plan';
import type { Reason } from './reason';
import type { Removal } from './removal';
import type { ExportReport } from './report';
import type { Undo, Undone } from './undo';

/**
 * Attempts of a step by Temporal. Each may take twenty seconds of its own retries; after the last, the export shows within the minute that it
 * waits, and retries by a timer.
 */
export const STEP_ATTEMPTS = 2;

/** What an export needs to know; fixed when it starts. References and counts only. */
export interface ExportInput {
  readonly ref: ExportRef;
  readonly kind: JobKind;
  /** Exports and plans have a series each, from 1. */
  readonly number: number;
  readonly trigger: string;
  /** The workflow that asked for it first, such as a refresh. Undefined: a client asked. */
  readonly requestedBy?: string;
  /** The person who asked for it. Undefined: none, or the request did not say. */
  readonly askedBy?: string;
  readonly options: ExportOptions;
  readonly destinationName: string;
  readonly account: string;
  readonly accountId: string;
  readonly audience: { readonly id: string; readonly name: string };
  readonly source: string;
  readonly storeId: string;
  /** Seconds after which a step that no worker of the store has taken counts as failed. */
  readonly workerTimeoutSeconds: number;
  readonly statusIfNew: string;
  readonly configuration: Configuration;
  readonly baseline: string | null;
  /** Approval of the plan that this export replaces: numbers up to these do not hold it again. */
  readonly approved?: Approval;
  /** Of a job that forgets a person. */
  readonly forget?: Forget;
  /** It selects nothing, and its destination is removed after it. */
  readonly removal?: Removal;
  /** Of a verification: the next export sends again what is ours and differs. */
  readonly repair?: true;
  /** It takes back an earlier export. */
  readonly undo?: Undo;
  /** An export was taken back, and none was approved since: this one is held if it changes anything. */
  readonly undone?: Undone;
}

/** Of an export that has not ended. */
export const OPEN_PHASES = [
  'preflight',
  'census',
  'snapshot',
  'planning',
  'held',
  'delivering',
  'settling',
  'comparing',
] as const;

export const EXPORT_PHASES = [
  ...OPEN_PHASES,
  'completed',
  'planned',
  'cancelled',
  'denied',
  'expired',
  'replanned',
  'failed',
] as const;
/** What an export does now, or how it has ended. @useDeclaredType */
export type ExportPhase = (typeof EXPORT_PHASES)[number];

/**
 * What keeps an export from going on:
 * - `waiting`: Mailchimp or the store is unavailable; the export retries by itself, next at `retryAt` (in ISO 8601 and UTC).
 * - `stopped`: an operator has to fix something and then `resume`.
 * - `held`: the plan awaits approval; nothing is sent before.
 * - `cancelling`: the export winds down: it deletes its batches and counts what was acknowledged. `failure` is null when it was
 *   cancelled on request, else why it fails.
 */
export type ExportObstacle =
  | { readonly kind: 'waiting'; readonly reason: Reason; readonly retryAt?: string }
  | { readonly kind: 'stopped'; readonly reason: Reason }
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'cancelling'; readonly failure: Reason | null };

/** When a state began, in ISO 8601 and UTC, by the clock of the workflow. */
export interface Since {
  readonly since: string;
}

/** `paused`: nothing new is sent until `resume`. `running`: the export does what its phase says, since that phase began. */
export type ExportState = (ExportObstacle | { readonly kind: 'paused' } | { readonly kind: 'running' }) &
  Since;

/** What an export reports while it runs; its current details say the same in words. */
export interface ExportView {
  readonly ref: ExportRef;
  readonly kind: JobKind;
  readonly number: number;
  readonly phase: ExportPhase;
  readonly state: ExportState;
  /** A pause lasts through every state: an export that is held or waits may be paused as well, and `state` names the obstacle. */
  readonly isPaused: boolean;
  /** In ISO 8601 and UTC. */
  readonly startedAt: string;
  /** Null until it is made. */
  readonly plan: ExportPlan | null;
  /** Changes (rows) that have an answer, of those planned. */
  readonly done: number;
  /** Of these, refused by Mailchimp. */
  readonly refused: number;
  /** Of these, sent but not proven either way. */
  readonly unproven: number;
  readonly parts: { readonly total: number; readonly submitted: number; readonly done: number };
  /** Operations finished in batches that are still running, as Mailchimp last reported. */
  readonly finishedInFlight: number;
  /** How the changes are sent now, and why; null until there are changes to send. */
  readonly lane: { readonly current: Lane; readonly why: string } | null;
  /** Requests to Mailchimp so far. */
  readonly requests: number;
  /** Batches submitted so far. */
  readonly batches: number;
  /** Set in the moment before it ends. */
  readonly report: ExportReport | null;
  /** Why it failed; null before, and otherwise. */
  readonly failure: Reason | null;
}
