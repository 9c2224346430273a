import { patched, workflowInfo } from '@temporalio/workflow';

const MINUTE_MS = 60_000;
const FIRST_MS = 5_000;
const GROWTH = 1.7;

/** With about ten events for each try, a longer outage makes less than 500 events a day. */
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

/** Whether the run began with version 0.4.0. To be asked once, at the beginning of a run: its answer is part of the history. */
export function isSince040(): boolean {
  return patched('temporal-mailchimp-0.4.0');
}
