import { workflowInfo } from '@temporalio/workflow';

const MINUTE_MS = 60_000;
const FIRST_MS = 5_000;
const GROWTH = 2;

/** With about eleven events for each try, an outage makes less than 500 events a day, also on the day in which a new run begins with short waits again. */
const MAX_MS = 45 * MINUTE_MS;

/** How long to wait before the next try. Soon at first: most outages last seconds. `round`: from 1. */
export function backOffMs(round: number): number {
  return Math.min(Math.round(FIRST_MS * GROWTH ** (round - 1)), MAX_MS);
}

/**
 * Thrown in place of another wait, when the history is long: the next run goes on waiting. Nothing else may have begun that a next run
 * would not begin again.
 */
export class HandOver extends Error {
  override readonly name = 'HandOver';
}

/** @throws HandOver */
export function handOverWhenLong(): void {
  if (workflowInfo().continueAsNewSuggested) throw new HandOver();
}
