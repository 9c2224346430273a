import { Worker, type WorkflowBundleOption } from '@temporalio/worker';

/**
 * Replays a history, by default with the workflows as they are now.
 * @throws DeterminismViolationError where the workflows issue other commands than the history holds
 */
export async function replay(
  history: unknown,
  workflowBundle: WorkflowBundleOption = currentWorkflows(),
): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle }, history);
}

function currentWorkflows(): WorkflowBundleOption {
  const codePath = process.env['WORKFLOW_BUNDLE'];
  if (!codePath) throw new Error('WORKFLOW_BUNDLE is not set: run the tests with jest');
  return { codePath };
}
