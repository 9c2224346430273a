import { defineSearchAttributeKey } from '@temporalio/common';
import type { WorkflowInfo } from '@temporalio/workflow';

const SCHEDULE = defineSearchAttributeKey('TemporalScheduledById', 'KEYWORD');

/** A request takes no longer one. */
const LONGEST = 100;

/** What the exports of a refresh say that they were started by. */
export function triggerOf({ typedSearchAttributes }: WorkflowInfo): string {
  const schedule = typedSearchAttributes.get(SCHEDULE);
  return (schedule === undefined ? 'refresh' : `schedule ${schedule}`).slice(0, LONGEST);
}
