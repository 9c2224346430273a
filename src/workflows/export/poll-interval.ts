import type { BatchState } from '../../ports/mailchimp';

/** Until something has finished, and for the last batch: Mailchimp would wait for us. */
const MIN_MS = 250;
/** While others are in flight, nothing waits for a look. */
const LEISURE_MS = 2_000;
const MAX_MS = 120_000;

export interface Looking {
  /** Batches in flight, as they were at the last look. */
  readonly batches: readonly BatchState[];
  /** Operations of batches that have finished already. */
  readonly answered: number;
  /** Since when operations are being answered. */
  readonly sinceMs: number;
  /** No other batch is in flight. */
  readonly isLast: boolean;
  /** How often has been looked in vain since something last finished: the guess where no rate is known yet. */
  readonly looks: number;
}

/**
 * How long to wait before the next look at the batches: half the expected time to the next finish, or ever longer where no rate is
 * known, at most 2 min. At least 2 s while several batches are answered, so that a long export has few events; sooner at its
 * beginning and end, so that a small one does not wait.
 */
export function pollInterval({ batches, answered, sinceMs, isLast, looks }: Looking): number {
  const finished = batches.reduce((sum, batch) => sum + batch.finished, answered);
  const left = batches.map((batch) => batch.total - batch.finished).filter((operations) => operations > 0);
  const least = isLast || finished === 0 ? MIN_MS : LEISURE_MS;
  const isKnown = finished > 0 && left.length > 0;
  const guess = isKnown ? ((sinceMs / finished) * Math.min(...left)) / 2 : least * 1.5 ** looks;
  return Math.round(Math.min(Math.max(guess, least), MAX_MS));
}
