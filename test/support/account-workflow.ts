import type { WorkflowHandle } from '@temporalio/client';
import type { Stage } from './stage';
import { until } from './until';

/** The workflow that divides the connections of the only user of a task queue. */
export function accountWorkflow({
  temporal,
  taskQueue,
}: Pick<Stage, 'temporal' | 'taskQueue'>): Promise<WorkflowHandle> {
  const query = `WorkflowType = 'mailchimpAccount' AND TaskQueue = '${taskQueue}'`;
  return until(async () => {
    for await (const { workflowId, status } of temporal.workflow.list({ query }))
      if (status.name === 'RUNNING') return temporal.workflow.getHandle(workflowId);
    return undefined;
  });
}
