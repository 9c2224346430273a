import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workerNotRunning } from './errors';

/** A worker's long poll lasts one minute, so a worker that was last seen earlier than this has stopped. */
const MAX_POLL_AGE_MS = 90_000;

/** The server forgets a worker after five minutes: one that seems older shows that our clock is ahead, and may poll. */
const FORGOTTEN_AFTER_MS = 6 * 60_000;

/** Time for a worker that is starting to begin polling. */
const START_GRACE_MS = 3_000;
const POLL_MS = 250;

/**
 * Checks that a worker polls the task queue. Without this check, a request would wait on the server until a worker starts.
 * @throws ExportError WORKER_NOT_RUNNING
 */
export async function requireWorker(client: Client, taskQueue: string): Promise<void> {
  const deadline = Date.now() + START_GRACE_MS;
  while (!(await isPolled(client, taskQueue))) {
    if (Date.now() > deadline) throw workerNotRunning(taskQueue);
    await delay(POLL_MS);
  }
}

/** Looks for pollers of workflow tasks, which answer requests. */
export async function isPolled(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  const ages = (pollers ?? []).map(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000,
  );
  return ages.some((age) => age < MAX_POLL_AGE_MS || age > FORGOTTEN_AFTER_MS);
}
