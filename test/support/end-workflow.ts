import type { Client } from '@temporalio/client';
import { defaultFailureConverter, defaultPayloadConverter, mapToPayloads } from '@temporalio/common';

type Completion = Parameters<Client['workflowService']['respondWorkflowTaskCompleted']>[0];
type Command = NonNullable<Completion['commands']>[number];

/** As the protocol numbers them: the enum is in a package that is no dependency. */
const COMPLETE_WORKFLOW_EXECUTION = 4;
const FAIL_WORKFLOW_EXECUTION = 5;
const CONTINUE_AS_NEW_WORKFLOW_EXECUTION = 10;

/** The server holds a poll for as long as its deadline allows. */
const POLL_MS = 30_000;

type Ending =
  | { readonly result: unknown }
  | { readonly failure: Error }
  | { readonly next: { readonly type: string; readonly memo: Readonly<Record<string, unknown>> } };

/** Ends the run that waits on a task queue without any worker: so a test decides what a refresh reports, or that a destination continues as new. */
export async function endWorkflow(client: Client, taskQueue: string, ending: Ending): Promise<void> {
  const { workflowService } = client;
  const { namespace } = client.options;
  const { taskToken } = await client.withDeadline(Date.now() + POLL_MS, () =>
    workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken: taskToken ?? new Uint8Array(),
    commands: [commandFor(ending, taskQueue) as Command],
  });
}

function commandFor(ending: Ending, taskQueue: string): unknown {
  if ('result' in ending)
    return {
      commandType: COMPLETE_WORKFLOW_EXECUTION,
      completeWorkflowExecutionCommandAttributes: {
        result: { payloads: [defaultPayloadConverter.toPayload(ending.result)] },
      },
    };
  if ('failure' in ending)
    return {
      commandType: FAIL_WORKFLOW_EXECUTION,
      failWorkflowExecutionCommandAttributes: {
        failure: defaultFailureConverter.errorToFailure(ending.failure, defaultPayloadConverter),
      },
    };
  return {
    commandType: CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
    continueAsNewWorkflowExecutionCommandAttributes: {
      workflowType: { name: ending.next.type },
      taskQueue: { name: taskQueue },
      memo: { fields: mapToPayloads(defaultPayloadConverter, ending.next.memo) },
    },
  };
}
