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
}

const POLL_MS = 5_000;

/**
 * Makes sure that no write of an earlier export of this destination can still run at Mailchimp: a late write would undo what this export
 * does. Deletes batches without an answer, and settles exports that were lost with their destination. A retry continues.
 */
export function createDrainEarlierWrites(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function drainEarlierWrites(input: DrainInput): Promise<DrainedWrites> {
    const { ref, baseline, hasCooledDown, isTooLong = false } = input;
    return exportStep(dependencies, input, async (step) => {
      const writes = await staging.unansweredWrites(ref);
      const { states, longestRequestMs, requests } =
        writes.length > 0 ? await checkWrites({ staging, step, ref, isTooLong }, writes) : NOTHING_SENT;
      if (states.has('running')) return { state: 'running', waitMs: POLL_MS, baseline, requests };
      if (states.size > 0 && !hasCooledDown)
        return { state: 'cooling down', waitMs: longestRequestMs, baseline, requests };
      // Writes that are not known to have ended are checked again by the next export.
      if (!states.has('unknown')) await staging.recordDrained(ref);
      return {
        state: 'drained',
        waitMs: 0,
        baseline: await staging.settleEarlier(ref, baseline, step.heartbeat.cancelled),
        requests,
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
}

const NOTHING_SENT: CheckedWrites = { states: new Set(), longestRequestMs: 0, requests: 0 };

async function checkWrites(
  { step, ...context }: Omit<WriteContext, 'account'> & { readonly step: ExportStep },
  writes: readonly UnansweredWrite[],
): Promise<CheckedWrites> {
  const account = await step.openAccount();
  const states = new Set<WriteState>();
  for (const write of writes) states.add(await stateOf({ ...context, account }, write));
  return { states, longestRequestMs: account.longestRequestMs, requests: account.requests() };
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
