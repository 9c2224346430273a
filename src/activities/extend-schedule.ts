import { Context } from '@temporalio/activity';
import { needsExtension } from '../contract/schedule-spec';
import { changeSchedule } from './rules/change-schedule';

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
    const { client } = Context.current();
    const isExtended = await changeSchedule(client, { scheduleId }, ({ settings, madeUpUntil }) =>
      settings.daily && needsExtension(madeUpUntil, Date.now()) ? settings : 'keep',
    );
    return { isExtended };
  };
}
