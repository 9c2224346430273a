import { ExportError } from '../errors';

/** How many rows a request may have, by what Mailchimp answers in time. */
export interface RequestSize {
  readonly current: () => number;
  /** A request with so many rows was answered. */
  readonly answered: () => void;
  /** A request with so many rows got no answer in time, repeatedly: the next ones have half as many. */
  readonly tooLarge: (rows: number) => void;
}

/** A request of so few rows is not slow for its size. */
const LEAST = 25;
/** Requests that are answered before a larger one is tried; twice as many each time that the larger one fails. */
const BEFORE_GROWTH = 20;
const MOST_BEFORE_GROWTH = 1_000;

export function createRequestSize(most: number): RequestSize {
  let limit = most;
  let answered = 0;
  let beforeGrowth = BEFORE_GROWTH;
  let hasGrown = false;
  return {
    current: () => limit,
    answered: () => {
      if (limit === most) return;
      answered += 1;
      if (answered < beforeGrowth) return;
      limit = Math.min(most, limit * 2);
      answered = 0;
      hasGrown = true;
    },
    tooLarge: (rows) => {
      // Requests that were sent together all report the same size: only the first one halves the limit.
      const half = Math.max(LEAST, Math.floor(rows / 2));
      if (rows <= LEAST || half >= limit) return;
      limit = half;
      answered = 0;
      if (hasGrown) beforeGrowth = Math.min(beforeGrowth * 2, MOST_BEFORE_GROWTH);
    },
  };
}

/** Sends a request of so many rows, and learns from what becomes of it. */
export async function withSize<Result>(
  size: RequestSize,
  rows: number,
  send: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await send();
    size.answered();
    return result;
  } catch (error) {
    if (isTooSlow(error)) size.tooLarge(rows);
    throw error;
  }
}

/** Statuses of a proxy that has waited for the API in vain. */
const TOO_SLOW: readonly unknown[] = [502, 504];

function isTooSlow(error: unknown): boolean {
  return (
    error instanceof ExportError &&
    (error.details['class'] === 'timeout' || TOO_SLOW.includes(error.details['status']))
  );
}
