import type { TimelineState } from '../contract/timeline';

/** What an export did, or waited for, as a report says it. */
export const TIMELINE_STATE: Readonly<Record<TimelineState, string>> = {
  preparing: 'preparing: checks, source, audience, plan',
  sending: 'sending, and reading results',
  provider: 'waiting for Mailchimp to run batches',
  waiting: 'waiting: something was unavailable',
  stopped: 'stopped: a person had to act',
  paused: 'paused by a person',
  held: 'held: a person had to decide',
  settling: 'settling: one outcome for every profile',
};
