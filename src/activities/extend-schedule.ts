import { Context } from '@temporalio/activity';
import { scheduleNameOf } from '../contract/identifiers';
import { ownerOf, recordOf, temporalSchedule } from '../contract/schedule-request';
import { needsExtension } from '../contract/schedule-spec';
import { scheduleDetails, scheduleSummary } from '../text/describe-schedule';
import { isNotFound } from './rules/leave-schedules';

export interface ExtendScheduleInput {
  /** As a run of it has it in `TemporalScheduledById`. */
  readonly scheduleId: string;
}

/**
 * Gives a schedule the clock changes of further years. It changes the schedule about once a year, and not one that this package did not
 * make. A retry finds it extended.
 */
export function createExtendSchedule() {
  return async function extendSchedule({ scheduleId }: ExtendScheduleInput): Promise<{
    readonly isExtended: boolean;
  }> {
    const name = scheduleNameOf(scheduleId);
    const handle = Context.current().client.schedule.getHandle(scheduleId);
    try {
      const { memo, action } = await handle.describe();
      const taskQueue = ownerOf(memo);
      if (name === undefined || taskQueue === undefined || !isDue(recordOf(action)))
        return { isExtended: false };
      let isExtended = false;
      // From what is there in that moment: a change that was made since must not be undone.
      await handle.update((previous) => {
        const record = recordOf(previous.action);
        isExtended = isDue(record);
        if (!record || !isExtended) return previous;
        const { settings, isFromFile } = record;
        const words = {
          staticSummary: scheduleSummary(settings),
          staticDetails: scheduleDetails(name, settings),
        };
        const extended = temporalSchedule({ name, taskQueue, settings, isFromFile, words }, Date.now());
        return { ...extended, state: previous.state };
      });
      return { isExtended };
    } catch (error) {
      // Deleted while a refresh of it runs.
      if (isNotFound(error)) return { isExtended: false };
      throw error;
    }
  };
}

function isDue(record: ReturnType<typeof recordOf>): boolean {
  return record?.settings.daily !== undefined && needsExtension(record.madeUpUntil, Date.now());
}
