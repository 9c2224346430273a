import { WorkflowNotFoundError, type Client } from '@temporalio/client';

/** Terminates the open workflows of a task queue. Lists are a moment behind: one that they show may have ended since. */
export async function terminateOpen({ workflow }: Client, taskQueue: string): Promise<void> {
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of workflow.list({ query }))
    await workflow
      .getHandle(workflowId)
      .terminate()
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
}
