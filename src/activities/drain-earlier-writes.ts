import { ExportError, treatmentOf, type ExportErrorCode } from '../errors';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { UnansweredWrite } from '../contract/plan';
import type { Staging } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { exportStep, type ExportStep } from './export-step';
import { findLostBatch } from './rules/lost-batch';

export interface DrainInput {
  readonly ref: ExportRef;
  readonly account: string;
  /** Export whose baseline is the destination's current one; null: none. */
  readonly baseline: string | null;
  /** An earlier call answered `cooling down`, and its wait has passed. */
  readonly hasCooledDown: boolean;
  /** A deleted batch that is still listed is no longer waited for: its rows stay exposed. */
  readonly isTooLong?: boolean;
  /** The job forgets a person: it has no preflight, so the step claims the destination first. */
  readonly forget?: { readonly requestId: string };
}

export interface DrainedWrites {
  /**
   * `running`: call again after `waitMs`. `cooling down`: all writes have ended, but the last request may still be running: call again after
   * `waitMs`, with `hasCooledDown`.
   */
  readonly state: 'drained' | 'running' | 'cooling down';
  readonly waitMs: number;
  /** Export whose baseline is the current one now: a later one where exports of a lost destination were settled. */
  readonly baseline: string | null;
  readonly requests: number;
  /** Writes that are no longer waited for, and may still be running. Undefined: none. */
  readonly left?: number;
  /** Of a forget: lost exports whose rows are gone, so that what they have sent is not known. Undefined: none. */
  readonly givenUp?: number;
}

const POLL_MS = 5_000;

/**
 * Makes sure that no write of an earlier export of this destination can still run at Mailchimp: a late write would undo what this export
 * does. Deletes batches without an answer, and settles exports that were lost with their destination. A retry continues.
 *
 * A forget that leaves the contact at Mailchimp goes on without Mailchimp: at once where its account cannot be used, otherwise when it has been
 * waited for too long. The answer then says how many writes are left. It also goes on without rows of lost exports that are gone.
 * @throws ExportError SUPERSEDED, FORGET_NOT_FOUND, STAGING_CORRUPT
 */
export function createDrainEarlierWrites(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function drainEarlierWrites(input: DrainInput): Promise<DrainedWrites> {
    const { ref, baseline, hasCooledDown, isTooLong = false, forget } = input;
    return exportStep(dependencies, input, async (step) => {
      if (forget) await staging.claim(ref, 'forget');
      const writes = await staging.unansweredWrites(ref);
      const { states, longestRequestMs, requests, left } =
        writes.length > 0
          ? await checkOrLeave({ staging, step, ref, isTooLong, forget }, writes)
          : NOTHING_SENT;
      if (states.has('running')) return { state: 'running', waitMs: POLL_MS, baseline, requests };
      if (states.size > 0 && !hasCooledDown)
        return { state: 'cooling down', waitMs: longestRequestMs, baseline, requests };
      // Writes that are not known to have ended are checked again by the next export.
      if (!states.has('unknown')) await staging.recordDrained(ref);
      // A person must not have to stay in the store because rows of others are gone.
      const settling = { givesUp: forget !== undefined, signal: step.heartbeat.cancelled };
      const settled = await staging.settleEarlier(ref, baseline, settling);
      return {
        state: 'drained',
        waitMs: 0,
        baseline: settled.baseline,
        requests,
        ...(left > 0 && { left }),
        ...(forget && settled.givenUp > 0 && { givenUp: settled.givenUp }),
      };
    });
  };
}

/** `unknown`: a batch that is, or may be, ours has been running for longer than it is waited for. */
type WriteState = 'running' | 'ended' | 'unknown';

interface CheckedWrites {
  readonly states: ReadonlySet<WriteState>;
  readonly longestRequestMs: number;
  readonly requests: number;
  /** Of the writes, those that are `unknown`. */
  readonly left: number;
}

const NOTHING_SENT: CheckedWrites = { states: new Set(), longestRequestMs: 0, requests: 0, left: 0 };

interface Checking extends Omit<WriteContext, 'account'> {
  readonly step: ExportStep;
  readonly forget: DrainInput['forget'];
}

/** Mailchimp's longest request (120 s), with a margin: where no account says what it is configured for. */
const LONGEST_REQUEST_MS = 130_000;

/** The account cannot be used, or does not answer. */
const WITHOUT_MAILCHIMP: readonly ExportErrorCode[] = [
  'SECRET_UNAVAILABLE',
  'KEY_INVALID',
  'KEY_REVOKED',
  'SIGN_IN_FAILED',
  'ACCOUNT_NOT_FOUND',
  'ROLE_TOO_LOW',
  'MAILCHIMP_REFUSED',
  'MAILCHIMP_BUSY',
  'MAILCHIMP_UNAVAILABLE',
];

async function checkOrLeave(
  { forget, ...checking }: Checking,
  writes: readonly UnansweredWrite[],
): Promise<CheckedWrites> {
  try {
    return await checkWrites(checking, writes);
  } catch (error) {
    if (!forget || !(error instanceof ExportError) || !WITHOUT_MAILCHIMP.includes(error.code)) throw error;
    const { staging, ref, isTooLong } = checking;
    if (treatmentOf(error.code) === 'retry' && !isTooLong) throw error;
    // What becomes of the contact at Mailchimp waits for Mailchimp anyway.
    if (!(await staging.forgetsInStoreOnly(ref.destinationId, forget.requestId))) throw error;
    const { length: left } = writes;
    return { states: new Set(['unknown']), longestRequestMs: LONGEST_REQUEST_MS, requests: 0, left };
  }
}

async function checkWrites(
  { step, ...context }: Omit<Checking, 'forget'>,
  writes: readonly UnansweredWrite[],
): Promise<CheckedWrites> {
  const account = await step.openAccount();
  const states: WriteState[] = [];
  for (const write of writes) states.push(await stateOf({ ...context, account }, write));
  return {
    states: new Set(states),
    longestRequestMs: account.longestRequestMs,
    requests: account.requests(),
    left: states.filter((state) => state === 'unknown').length,
  };
}

interface WriteContext {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly ref: ExportRef;
  readonly isTooLong: boolean;
}

async function stateOf(
  { staging, account, ref: { destinationId }, isTooLong }: WriteContext,
  { exportId, part, batchId, attempts }: UnansweredWrite,
): Promise<WriteState> {
  const ref = { destinationId, exportId };
  if (batchId !== null && (await deleteIfRunning(account, batchId))) {
    if (!isTooLong) return 'running';
    const attempt = attempts.at(-1)?.number ?? 1;
    await staging.recordLateWrite(ref, { part: part.part, attempt, lane: 'batch' }, batchId);
    return 'unknown';
  }
  const batches = attempts.filter(({ lane }) => lane === 'batch');
  // Direct requests end by themselves, and the claim keeps the earlier export from sending more. One batch attempt is the known batch.
  if (batches.length <= (batchId === null ? 0 : 1)) return 'ended';
  const found = await findLostBatch({ account, staging, ref, part, attempts: batches });
  if (found.kind === 'wait') return 'running';
  return found.kind === 'unknown' ? 'unknown' : 'ended';
}

async function deleteIfRunning(account: MailchimpAccount, batchId: string): Promise<boolean> {
  const [batch] = await account.batches([batchId]);
  if (!batch || batch.status === 'finished' || batch.status === 'gone') return false;
  await account.deleteBatch(batchId);
  return true;
}
