import { scheduleNameOf, temporalScheduleId } from '../contract/identifiers';
import { readMemo } from '../contract/read-memo';
import type { Reason } from '../contract/reason';
import { ownerOf } from '../contract/schedule-request';
import type { ScheduleView } from '../contract/schedule-view';
import { listSchedules } from '../contract/workflow-lists';
import type { Requests } from './requests';

export interface ListedSchedule {
  readonly name: string;
  /** Why its memo cannot be read, so that it is not known whose it is. Undefined: it is ours. */
  readonly unreadable?: Reason;
}

/** Those of the task queue, and those that may be, by name. */
export async function listOwnSchedules({ client, taskQueue }: Requests): Promise<ListedSchedule[]> {
  const found: ListedSchedule[] = [];
  for await (const { scheduleId, memo } of listSchedules(client)) {
    const name = scheduleNameOf(scheduleId ?? '');
    if (name === undefined) continue;
    const read = await readMemo(client.options.loadedDataConverter, memo?.fields);
    if ('unreadable' in read) found.push({ name, unreadable: read.unreadable });
    else if (ownerOf(read.memo) === taskQueue) found.push({ name });
  }
  return found.toSorted((one, other) => one.name.localeCompare(other.name));
}

/** What the server knows of a schedule without decoding anything; undefined: it is of another task queue. */
export async function unreadableView(
  { client, taskQueue }: Requests,
  { name, unreadable }: Required<ListedSchedule>,
): Promise<ScheduleView | undefined> {
  const { schedule, info } = await client.workflowService.describeSchedule({
    namespace: client.options.namespace,
    scheduleId: temporalScheduleId(name),
  });
  if (schedule?.action?.startWorkflow?.taskQueue?.name !== taskQueue) return undefined;
  const isPaused = schedule.state?.paused === true;
  const started = info?.recentActions?.at(-1)?.actualTime;
  return {
    name,
    settings: null,
    isFromFile: false,
    isPaused,
    note: schedule.state?.notes ? schedule.state.notes : null,
    next: isPaused ? [] : (info?.futureActionTimes ?? []).map(isoTime),
    lastStartedAt: started ? isoTime(started) : null,
    counts: {
      started: Number(info?.actionCount ?? 0),
      skipped: Number(info?.overlapSkipped ?? 0),
      missed: Number(info?.missedCatchupWindow ?? 0),
    },
    createdAt: isoTime(info?.createTime ?? {}),
    unreadable,
  };
}

/** The server's times of schedules have whole seconds. */
export function isoTime({ seconds }: { readonly seconds?: unknown }): string {
  return new Date(Number(seconds ?? 0) * 1000).toISOString();
}
