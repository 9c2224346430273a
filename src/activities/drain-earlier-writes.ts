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
  /** Export whose baseline counts, as far as the destination knows. */
  readonly baseline: string | null;
  /** Everything had ended when this was asked before, and the time of Mailchimp's longest request has passed since. */
  readonly hasCooledDown: boolean;
}

export interface Quiet {
  /** `running`: ask again; `fading`: everything has ended, but its last request may still run; wait, and ask with `hasCooledDown`. */
  readonly state: 'drained' | 'running' | 'cooling down';
  readonly waitMs: number;
  /** Export whose baseline counts; another one than the destination knows where that has lost an export. */
  readonly baseline: string | null;
  readonly requests: number;
}

const POLL_MS = 5_000;

/**
 * Makes sure that nothing which earlier exports of the destination have sent can still run at Mailchimp: a write that comes late would
 * undo what this export does. Batches that nobody waits for any more are deleted; what was sent by exports that are lost with their
 * destination is settled. May be repeated.
 */
export function createDrainEarlierWrites(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function drainEarlierWrites(input: DrainInput): Promise<Quiet> {
    const { ref, baseline, hasCooledDown } = input;
    return exportStep(dependencies, input, async (step) => {
      const writes = await staging.unansweredWrites(ref);
      const { states, longestRequestMs, requests } =
        writes.length > 0 ? await look({ staging, step, ref }, writes) : NOTHING_SENT;
      if (states.has('running')) return { state: 'running', waitMs: POLL_MS, baseline, requests };
      if (states.size > 0 && !hasCooledDown)
        return { state: 'cooling down', waitMs: longestRequestMs, baseline, requests };
      // What is not known to have ended, the next export looks for again.
      if (!states.has('unknown')) await staging.recordDrained(ref);
      return {
        state: 'drained',
        waitMs: 0,
        baseline: await staging.settleEarlier(ref, baseline),
        requests,
      };
    });
  };
}

/** `unknown`: something that may be ours has been running for longer than anybody waits. */
type WriteState = 'running' | 'ended' | 'unknown';

interface Looked {
  readonly states: ReadonlySet<WriteState>;
  readonly longestRequestMs: number;
  readonly requests: number;
}

const NOTHING_SENT: Looked = { states: new Set(), longestRequestMs: 0, requests: 0 };

async function look(
  { staging, step, ref }: { readonly staging: Staging; readonly step: ExportStep; readonly ref: ExportRef },
  writes: readonly UnansweredWrite[],
): Promise<Looked> {
  const account = await step.openAccount();
  const states = new Set<WriteState>();
  for (const write of writes) states.add(await stateOf({ staging, account, ref }, write));
  return { states, longestRequestMs: account.longestRequestMs, requests: account.requests() };
}

interface Looking {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly ref: ExportRef;
}

async function stateOf(
  { staging, account, ref: { destinationId } }: Looking,
  { exportId, part, batchId, attempts }: UnansweredWrite,
): Promise<WriteState> {
  if (batchId !== null && (await isStillThere(account, batchId))) return 'running';
  const batches = attempts.filter(({ lane }) => lane === 'batch');
  // Direct requests end by themselves; the claim keeps the earlier export from sending more. One attempt is the batch that is known.
  if (batches.length <= (batchId === null ? 0 : 1)) return 'ended';
  const ref = { destinationId, exportId };
  const found = await findLostBatch({ account, staging, ref, part, attempts: batches });
  if (found.kind === 'wait') return 'running';
  return found.kind === 'unknown' ? 'unknown' : 'ended';
}

async function isStillThere(account: MailchimpAccount, batchId: string): Promise<boolean> {
  const [batch] = await account.batches([batchId]);
  if (!batch || batch.status === 'finished' || batch.status === 'gone') return false;
  await account.deleteBatch(batchId);
  return true;
}
