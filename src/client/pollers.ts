import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { mayPoll } from '../contract/poller-age';
import { workerNotRunning } from './errors';

/** Time for a worker that is starting to begin polling. */
const START_GRACE_MS = 3_000;
const POLL_MS = 250;

/** The gRPC status as a number: importing the enum would add gRPC as a dependency. */
const UNIMPLEMENTED = 12;

/**
 * Checks that a worker polls the task queue. Without this check, a request would wait on the server until a worker starts. A server that does
 * not report who polls, such as the SDK's own for tests that skip time, is asked without it.
 * @throws ExportError WORKER_NOT_RUNNING
 */
export async function requireWorker(client: Client, taskQueue: string): Promise<void> {
  const deadline = Date.now() + START_GRACE_MS;
  while (!(await mayBePolled(client, taskQueue))) {
    if (Date.now() > deadline) throw workerNotRunning(taskQueue);
    await delay(POLL_MS);
  }
}

async function mayBePolled(client: Client, taskQueue: string): Promise<boolean> {
  try {
    return await isPolled(client, taskQueue);
  } catch (error) {
    if (isGrpcServiceError(error) && (error.code as number) === UNIMPLEMENTED) return true;
    throw error;
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
