import type { ExportRef } from '../../contract/identifiers';
import type { BatchState, MailchimpAccount } from '../../ports/mailchimp';
import type { Attempt, PartPlan } from '../../contract/plan';
import type { Staging } from '../../ports/staging';
import { parseOperationId } from './operation-id';
import { ExportError } from '../../errors';

/** The worker's clock and Mailchimp's differ, and `submitted_at` has a resolution of a second. */
const CLOCK_SKEW_MS = 60_000;

/** How long to wait for unfinished batches that may be ours, before the part is sent directly. */
const MAX_WAIT_MS = 30 * 60_000;
const POLL_MS = 15_000;

export interface LostBatchInput {
  readonly account: MailchimpAccount;
  readonly staging: Staging;
  readonly ref: ExportRef;
  readonly part: PartPlan;
  /** Attempts at the part whose reply was lost. */
  readonly attempts: readonly Attempt[];
}

export type LostBatch =
  /** The batch exists. */
  | { readonly kind: 'found'; readonly batch: BatchState }
  /** It may still be created, or be one of the unfinished batches. */
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** It was not created, and cannot be any longer. */
  | { readonly kind: 'never' }
  /** A batch that may be ours has not finished within the longest wait. */
  | { readonly kind: 'unknown' };

/**
 * Looks for the batch of a request whose reply was lost. Only its results show what a batch contains, so every unknown batch that was
 * submitted since and has as many operations is waited for: a second batch of the part beside it could undo later changes.
 */
export async function findLostBatch(input: LostBatchInput): Promise<LostBatch> {
  const { account, staging, ref, part, attempts } = input;
  const first = Math.min(...attempts.map(({ atMs }) => atMs));
  const last = Math.max(...attempts.map(({ atMs }) => atMs));
  const known = new Set(await staging.listBatches(ref));
  const size = part.lastChunk - part.firstChunk + 1;
  const since = await account.batchesSince(first - CLOCK_SKEW_MS);
  const candidates = since.filter(
    ({ batchId, total }) => !known.has(batchId) && (total === size || total === 0),
  );
  for (const batch of candidates.filter(({ status }) => status === 'finished')) {
    if (await isOurs(account, { ref, part }, batch)) return { kind: 'found', batch };
  }
  const elapsed = Date.now() - last;
  if (candidates.some(({ status }) => status !== 'finished')) {
    return elapsed > MAX_WAIT_MS ? { kind: 'unknown' } : { kind: 'wait', waitMs: POLL_MS };
  }
  if (elapsed < account.longestRequestMs) return { kind: 'wait', waitMs: account.longestRequestMs - elapsed };
  return { kind: 'never' };
}

async function isOurs(
  account: MailchimpAccount,
  { ref, part }: Pick<LostBatchInput, 'ref' | 'part'>,
  { batchId }: BatchState,
): Promise<boolean> {
  try {
    for await (const { operationId } of account.batchResults(batchId)) {
      const name = parseOperationId(operationId);
      return name !== undefined && name.exportId === ref.exportId && name.part === part.part;
    }
  } catch (error) {
    // Whose batch it was stays unknown. It has finished, so the part may be sent again.
    if (!areResultsUnavailable(error)) throw error;
  }
  return false;
}

/** Classes of errors of `batchResults` after which the results stay unavailable. After an outage they are available again. */
const UNAVAILABLE: readonly unknown[] = [
  'results_broken',
  'results_refused',
  'results_missing',
  'results_gone',
];

/** Whether the results of a finished batch cannot be read, now or later. */
export function areResultsUnavailable(error: unknown): boolean {
  return error instanceof ExportError && UNAVAILABLE.includes(error.details['class']);
}
