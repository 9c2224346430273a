import { defineSearchAttributeKey } from '@temporalio/common';
import type { WorkflowInfo } from '@temporalio/workflow';
import { scheduleNameOf } from '../../contract/identifiers';

const SCHEDULE = defineSearchAttributeKey('TemporalScheduledById', 'KEYWORD');

/** A request takes no longer one. */
const LONGEST = 100;

/** The id of the schedule that has started the refresh. */
export function scheduleIdOf({ typedSearchAttributes }: WorkflowInfo): string | undefined {
  return typedSearchAttributes.get(SCHEDULE);
}

/** What the exports of a refresh say that they were started by. */
export function triggerOf(info: WorkflowInfo): string {
  const scheduleId = scheduleIdOf(info);
  if (scheduleId === undefined) return 'refresh';
  return `schedule ${scheduleNameOf(scheduleId) ?? scheduleId}`.slice(0, LONGEST);
}
