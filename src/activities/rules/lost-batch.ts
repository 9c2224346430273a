import type { ExportRef } from '../../contract/identifiers';
import type { BatchState, MailchimpAccount } from '../../ports/mailchimp';
import type { Attempt, PartPlan } from '../../contract/plan';
import type { Staging } from '../../ports/staging';
import { parseOperationId } from './operation-id';
import { ExportError } from '../../errors';

/** Clocks differ, and Mailchimp tells when a batch was submitted to the second. */
const CLOCK_MS = 60_000;

/** The longest wait for batches that may be ours before a part is sent another way. */
const PATIENCE_MS = 30 * 60_000;
const POLL_MS = 15_000;

export interface LostInput {
  readonly account: MailchimpAccount;
  readonly staging: Staging;
  readonly ref: ExportRef;
  readonly part: PartPlan;
  /** Attempts at the part whose reply is not known. */
  readonly attempts: readonly Attempt[];
}

export type Lost =
  /** It did arrive. */
  | { readonly kind: 'found'; readonly batch: BatchState }
  /** It may still arrive, or be one of the batches that run. */
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'never'; readonly since: number }
  /** Something that may be ours has been running for too long. */
  | { readonly kind: 'unknown' };

/**
 * Looks for the batch of a request whose reply was lost. What is in a batch, only its results tell, so whatever was submitted since
 * and has as many operations is waited for: sending the part again beside it could undo what comes after.
 */
export async function findLostBatch(input: LostInput): Promise<Lost> {
  const { account, staging, ref, part, attempts } = input;
  const first = Math.min(...attempts.map(({ atMs }) => atMs));
  const last = Math.max(...attempts.map(({ atMs }) => atMs));
  const known = new Set(await staging.listBatches(ref));
  const size = part.lastChunk - part.firstChunk + 1;
  const since = await account.batchesSince(first - CLOCK_MS);
  const candidates = since.filter(
    ({ batchId, total }) => !known.has(batchId) && (total === size || total === 0),
  );
  for (const batch of candidates.filter(({ status }) => status === 'finished')) {
    if (await isOurs(account, { ref, part }, batch)) return { kind: 'found', batch };
  }
  const elapsed = Date.now() - last;
  if (candidates.some(({ status }) => status !== 'finished')) {
    return elapsed > PATIENCE_MS ? { kind: 'unknown' } : { kind: 'wait', waitMs: POLL_MS };
  }
  if (elapsed < account.longestRequestMs) return { kind: 'wait', waitMs: account.longestRequestMs - elapsed };
  return { kind: 'never', since: last };
}

async function isOurs(
  account: MailchimpAccount,
  { ref, part }: Pick<LostInput, 'ref' | 'part'>,
  { batchId }: BatchState,
): Promise<boolean> {
  try {
    for await (const { operationId } of account.batchResults(batchId)) {
      const name = parseOperationId(operationId);
      return name !== undefined && name.exportId === ref.exportId && name.part === part.part;
    }
  } catch (error) {
    // Whose it was will not become known; it has finished, so the part may be sent again.
    if (!areResultsUnavailable(error)) throw error;
  }
  return false;
}

/** What Mailchimp itself says, or hands out. An outage is none of them: then the results are still there when it is over. */
const LOST: readonly unknown[] = ['results_broken', 'results_refused', 'results_missing', 'results_gone'];

/** Whether the results of a finished batch cannot be had. */
export function areResultsUnavailable(error: unknown): boolean {
  return error instanceof ExportError && LOST.includes(error.details['class']);
}
