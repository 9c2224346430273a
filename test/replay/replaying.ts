import { Worker } from '@temporalio/worker';

/** Replays a history with the workflows as they are now. @throws DeterminismViolationError where they would do something else */
export async function replay(history: unknown): Promise<void> {
  const codePath = process.env['WORKFLOW_BUNDLE'];
  if (!codePath) throw new Error('WORKFLOW_BUNDLE is not set: run the tests with jest');
  await Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
}
