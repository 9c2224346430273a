import { defineSearchAttributeKey } from '@temporalio/common';
import type { WorkflowInfo } from '@temporalio/workflow';
import { scheduleNameOf } from '../../contract/identifiers';
import { LONGEST_TIMES, type ScheduleReference } from '../../contract/job';
import { recordOf } from '../../contract/schedule-request';
import { describeTimes } from '../../text/describe-schedule';

const SCHEDULE = defineSearchAttributeKey('TemporalScheduledById', 'KEYWORD');

/** A request takes no longer one. */
const LONGEST = 100;

const REFRESH = 'refresh';
const SCHEDULED = 'schedule ';

/** The id of the schedule that has started the refresh. */
export function scheduleIdOf({ typedSearchAttributes }: WorkflowInfo): string | undefined {
  return typedSearchAttributes.get(SCHEDULE);
}

/** What the exports of a refresh say that they were started by. */
export function triggerOf(info: WorkflowInfo): string {
  const scheduleId = scheduleIdOf(info);
  if (scheduleId === undefined) return REFRESH;
  return `${SCHEDULED}${scheduleNameOf(scheduleId) ?? scheduleId}`.slice(0, LONGEST);
}

/** Whether an export was started by a refresh, and no person waits for it. */
export function isOfRefresh(trigger: string): boolean {
  return trigger === REFRESH || trigger.startsWith(SCHEDULED);
}

/** One of ours, with its times as they were when it started the refresh: from the memo, which every refresh of it has. */
export function scheduleOf(info: WorkflowInfo): ScheduleReference | undefined {
  const name = scheduleNameOf(scheduleIdOf(info) ?? '');
  const record = recordOf(info);
  if (name === undefined || !record) return undefined;
  return { name, times: describeTimes(record.settings).slice(0, LONGEST_TIMES) };
}
