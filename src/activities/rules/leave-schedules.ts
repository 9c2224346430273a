import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { scheduleNameOf } from '../../contract/identifiers';
import { ownerOf, recordOf, temporalSchedule } from '../../contract/schedule-request';
import { scheduleDetails, scheduleSummary } from '../../text/describe-schedule';

const ATTEMPTS = 2;
const BETWEEN_MS = 500;
/** Of one attempt, in which Temporal's client repeats requests: the removal of a destination waits for it. */
const ATTEMPT_MS = 3_000;

/**
 * Takes a destination out of the schedules that name it, and deletes those that name no other. @returns why it did not; undefined: it did.
 * It never throws: a refresh skips removed destinations, so a removal must not fail for it.
 */
export async function leaveSchedules(client: Client, destinationId: string): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.withDeadline(Date.now() + ATTEMPT_MS, () => leaveAll(client, destinationId));
      return undefined;
    } catch (error) {
      if (attempt === ATTEMPTS) return error instanceof Error ? error.message : 'unknown';
      await delay(BETWEEN_MS);
    }
  }
}

async function leaveAll(client: Client, destinationId: string): Promise<void> {
  for await (const { scheduleId } of client.schedule.list()) {
    const name = scheduleNameOf(scheduleId);
    if (name !== undefined) await leave(client, { scheduleId, name, destinationId });
  }
}

interface Listed {
  readonly scheduleId: string;
  readonly name: string;
  readonly destinationId: string;
}

async function leave(client: Client, { scheduleId, name, destinationId }: Listed): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { memo, action } = await handle.describe();
    const [taskQueue, record] = [ownerOf(memo), recordOf(action)];
    if (taskQueue === undefined || !record || !('destinations' in record.settings.targets)) return;
    const { destinations } = record.settings.targets;
    const others = destinations.filter((other) => other !== destinationId);
    if (others.length === destinations.length) return;
    if (others.length === 0) return await handle.delete();
    const settings = { ...record.settings, targets: { destinations: others } };
    const words = {
      staticSummary: scheduleSummary(settings),
      staticDetails: scheduleDetails(name, settings),
    };
    const changed = temporalSchedule(
      { name, taskQueue, settings, isFromFile: record.isFromFile, words },
      Date.now(),
    );
    await handle.update(({ state }) => ({ ...changed, state }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** By its name, since activities do not load the client, whose class it is. Deleted since it was listed, or by an earlier attempt. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'ScheduleNotFoundError';
}
