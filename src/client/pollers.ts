import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workerNotRunning } from './errors';

/** A worker's long poll lasts a minute; one that has not been seen for longer is gone. */
const SEEN_WITHIN_MS = 90_000;

/** A worker that is just starting is given this long to begin polling. */
const STARTING_MS = 3_000;
const BETWEEN_MS = 250;

/**
 * Asks the server whether anybody polls the queue, before anything is sent that would wait for ever.
 * @throws ExportError WORKER_NOT_RUNNING
 */
export async function requireWorker(client: Client, taskQueue: string): Promise<void> {
  const deadline = Date.now() + STARTING_MS;
  while (!(await isPolled(client, taskQueue))) {
    if (Date.now() > deadline) throw workerNotRunning(taskQueue);
    await delay(BETWEEN_MS);
  }
}

/** Asks for pollers of workflow tasks, which is what a request needs first. */
async function isPolled(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  const seen = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  return seen.some((at) => at > Date.now() - SEEN_WITHIN_MS);
}
