import type { BatchState } from '../../ports/mailchimp';

/** Until an operation has finished, and near the end: a longer interval would delay the export. */
const MIN_MS = 250;
/** While enough is in flight, no part of the export waits for a poll. */
const LEISURE_MS = 2_000;
/** The end begins this long before everything in flight is expected to finish. */
const END_MS = 3_000;
const MAX_MS = 120_000;
/** A longer wait makes the next one longer, up to this: then polls make less than 500 events in each day, the first one included. */
const LONGEST_MS = 90 * 60_000;

export interface PollState {
  /** Batches in flight, as they were at the last poll; of one that was not polled yet, the total is 0. */
  readonly batches: readonly Pick<BatchState, 'total' | 'finished'>[];
  /** Operations of batches that have finished already. */
  readonly answered: number;
  /** Milliseconds since the first submission. */
  readonly elapsedMs: number;
  /** Milliseconds since the last submission of those in flight. */
  readonly ageMs: number;
  /** Milliseconds since one of those in flight was submitted or advanced. */
  readonly quietMs: number;
  /** Polls since a batch left flight: the estimate while no rate is known. */
  readonly polls: number;
  /** A batch is deleted, or compiles its results: each takes minutes. */
  readonly isClosing: boolean;
  /** Milliseconds until the next of the batches is given up, if it makes no progress; Infinity: none is. */
  readonly givesUpInMs: number;
}

/**
 * How long to wait before the next poll of the batches: half the expected time to the next finish, or ever longer while no rate is
 * known or none of them advances, at most 2 min or a third of the age of the youngest. At least 2 s in the middle, so that a long export has few events; sooner at its
 * beginning and end, so that a small one does not wait.
 */
export function pollInterval({
  batches,
  answered,
  elapsedMs,
  ageMs,
  quietMs,
  polls,
  isClosing,
  givesUpInMs,
}: PollState): number {
  const finished = batches.reduce((sum, batch) => sum + batch.finished, answered);
  const left = batches.map((batch) => batch.total - batch.finished).filter((operations) => operations > 0);
  const expected = (operations: number) => (elapsedMs / finished) * operations;
  const isSeen = batches.every(({ total }) => total > 0);
  const isEnd =
    batches.length === 1 || (isSeen && expected(left.reduce((sum, some) => sum + some, 0)) <= END_MS);
  const least = finished === 0 || isEnd ? MIN_MS : LEISURE_MS;
  const isRateKnown = finished > 0 && left.length > 0;
  const estimate = isRateKnown
    ? Math.max(expected(Math.min(...left)) / 2, quietMs / 2)
    : least * 1.5 ** polls;
  const longest = isClosing ? MAX_MS : Math.min(Math.max(ageMs / 3, MAX_MS), LONGEST_MS);
  return Math.round(Math.min(Math.max(estimate, least), longest, Math.max(givesUpInMs, LEISURE_MS)));
}
