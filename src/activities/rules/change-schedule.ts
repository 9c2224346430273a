import type { Client } from '@temporalio/client';
import { scheduleNameOf } from '../../contract/identifiers';
import { isUndecodable } from '../../contract/read-memo';
import type { ScheduleRequest } from '../../contract/schedule';
import { ownerOf, recordOf, temporalSchedule } from '../../contract/schedule-request';
import { changedNote, scheduleWords } from '../../text/describe-schedule';

type ScheduleRecord = NonNullable<ReturnType<typeof recordOf>>;

interface OurSchedule {
  readonly scheduleId: string;
  /** Only if it belongs to this one. Undefined: to any. */
  readonly taskQueue?: string | undefined;
}

/**
 * Changes one of our schedules; whether it is paused stays. One that this package did not make, that belongs to
 * another task queue or that is deleted by then is left.
 * @param change the new settings, 'keep', or 'delete'. Asked again at the moment of the change, so that a change that was made since is not undone.
 * @returns whether it was changed or deleted
 */
export async function changeSchedule(
  client: Client,
  { scheduleId, taskQueue: ours }: OurSchedule,
  change: (record: ScheduleRecord) => ScheduleRequest | 'keep' | 'delete',
): Promise<boolean> {
  const name = scheduleNameOf(scheduleId);
  if (name === undefined) return false;
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { memo, action } = await handle.describe();
    const [taskQueue, record] = [ownerOf(memo), recordOf(action)];
    const isOurs = taskQueue !== undefined && (ours === undefined || taskQueue === ours);
    const wanted = isOurs && record ? change(record) : 'keep';
    if (!isOurs || wanted === 'keep') return false;
    if (wanted === 'delete') {
      await handle.delete();
      return true;
    }
    let isChanged = false;
    await handle.update((previous) => {
      const now = recordOf(previous.action);
      const settings = now ? change(now) : 'keep';
      isChanged = typeof settings === 'object';
      if (!now || typeof settings !== 'object') return previous;
      const { isFromFile } = now;
      const words = scheduleWords(name, settings);
      const changed = temporalSchedule({ name, taskQueue, settings, isFromFile, words }, Date.now());
      const note = changedNote(previous.state.note, { before: now.settings, after: settings });
      return { ...changed, state: { ...previous.state, note } };
    });
    return isChanged;
  } catch (error) {
    // One that cannot be decoded is of another team, with keys of its own.
    if (isNotFound(error) || isUndecodable(error)) return false;
    throw error;
  }
}

/** By its name, since activities do not load the client, whose class it is. Deleted since it was listed, or by an earlier attempt. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'ScheduleNotFoundError';
}
