import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { mayPoll } from '../contract/poller-age';
import { workerNotRunning } from './errors';

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
  return ages.some(mayPoll);
}
