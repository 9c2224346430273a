import type { BatchState } from '../../ports/mailchimp';

const MIN_MS = 2_000;
const MAX_MS = 120_000;

export interface Looking {
  /** Batches in flight, as they were at the last look. */
  readonly batches: readonly BatchState[];
  /** Operations of batches that have finished already. */
  readonly answered: number;
  /** Since when operations are being answered. */
  readonly sinceMs: number;
  /** How often has been looked in vain since something last finished: the guess where no rate is known yet. */
  readonly looks: number;
}

/** How long to wait before the next look at the batches: half the expected time to the next finish, 2 s to 2 min. */
export function pollInterval({ batches, answered, sinceMs, looks }: Looking): number {
  const finished = batches.reduce((sum, batch) => sum + batch.finished, answered);
  const left = batches.map((batch) => batch.total - batch.finished).filter((operations) => operations > 0);
  const isKnown = finished > 0 && left.length > 0;
  const guess = isKnown ? ((sinceMs / finished) * Math.min(...left)) / 2 : MIN_MS * 1.5 ** looks;
  return Math.round(Math.min(Math.max(guess, MIN_MS), MAX_MS));
}
