import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { listSchedules } from '../../contract/workflow-lists';
import { changeSchedule } from './change-schedule';

const ATTEMPTS = 2;
const BETWEEN_MS = 500;
/** Of one attempt, in which Temporal's client repeats requests: the removal of a destination waits for it. */
const ATTEMPT_MS = 3_000;

export interface Leaving {
  readonly destinationId: string;
  /** That of the destination: schedules of another one stay as they are. Undefined: a workflow of version 0.3.0 asks, which had none. */
  readonly taskQueue: string | undefined;
}

/**
 * Takes a destination out of the schedules of its task queue that name it, and deletes those that name no other. @returns why it did not; undefined: it did.
 * It never throws: a refresh skips removed destinations, so a removal must not fail for it.
 */
export async function leaveSchedules(client: Client, leaving: Leaving): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.withDeadline(Date.now() + ATTEMPT_MS, () => leaveAll(client, leaving));
      return undefined;
    } catch (error) {
      if (attempt === ATTEMPTS) return error instanceof Error ? error.message : 'unknown';
      await delay(BETWEEN_MS);
    }
  }
}

async function leaveAll(client: Client, { destinationId, taskQueue }: Leaving): Promise<void> {
  for await (const { scheduleId } of listSchedules(client)) {
    if (!scheduleId) continue;
    await changeSchedule(client, { scheduleId, taskQueue }, ({ settings }) => {
      const { targets } = settings;
      if (!('destinations' in targets) || !targets.destinations.includes(destinationId)) return 'keep';
      const destinations = targets.destinations.filter((other) => other !== destinationId);
      return destinations.length === 0 ? 'delete' : { ...settings, targets: { destinations } };
    });
  }
}
