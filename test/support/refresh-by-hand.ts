import type { Client } from '@temporalio/client';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';

type Completion = Parameters<Client['workflowService']['respondWorkflowTaskCompleted']>[0];
type Command = NonNullable<Completion['commands']>[number];

/** As the protocol numbers them: the enum is in a package that is no dependency. */
const COMPLETE_WORKFLOW_EXECUTION = 4;
const FAIL_WORKFLOW_EXECUTION = 5;

/** The server holds a poll for as long as its deadline allows. */
const POLL_MS = 30_000;

type Ending = { readonly result: unknown } | { readonly failure: Error };

/** Ends the workflow that waits on a task queue without any worker, so that a test of schedules decides what a refresh reports. */
export async function endWorkflow(client: Client, taskQueue: string, ending: Ending): Promise<void> {
  const { workflowService } = client;
  const { namespace } = client.options;
  const { taskToken } = await client.withDeadline(Date.now() + POLL_MS, () =>
    workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken: taskToken ?? new Uint8Array(),
    commands: [commandFor(ending)],
  });
}

function commandFor(ending: Ending): Command {
  const command: unknown =
    'result' in ending
      ? {
          commandType: COMPLETE_WORKFLOW_EXECUTION,
          completeWorkflowExecutionCommandAttributes: {
            result: { payloads: [defaultPayloadConverter.toPayload(ending.result)] },
          },
        }
      : {
          commandType: FAIL_WORKFLOW_EXECUTION,
          failWorkflowExecutionCommandAttributes: {
            failure: defaultFailureConverter.errorToFailure(ending.failure, defaultPayloadConverter),
          },
        };
  return command as Command;
}
