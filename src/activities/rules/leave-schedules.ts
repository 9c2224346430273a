import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { changeSchedule } from './change-schedule';

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
  for await (const { scheduleId } of client.schedule.list())
    await changeSchedule(client, scheduleId, ({ settings }) => {
      const { targets } = settings;
      if (!('destinations' in targets) || !targets.destinations.includes(destinationId)) return 'keep';
      const destinations = targets.destinations.filter((other) => other !== destinationId);
      return destinations.length === 0 ? 'delete' : { ...settings, targets: { destinations } };
    });
}
