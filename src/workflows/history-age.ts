import { patched } from '@temporalio/workflow';

/** What the history of a run lets its code do. */
export interface HistoryAge {
  /** It began with version 0.4.0. */
  readonly isSince040: boolean;
  /** It began with a version that makes ids of exports from what the history has. */
  readonly derivesIds: boolean;
}

/**
 * To be asked once, at the beginning of a run: the answer is part of its history. The latest change first: a marker costs two events and an action, and
 * a new run has one for all of them.
 */
export function historyAge(): HistoryAge {
  if (patched('temporal-mailchimp-derived-ids')) return { isSince040: true, derivesIds: true };
  return { isSince040: patched('temporal-mailchimp-0.4.0'), derivesIds: false };
}
