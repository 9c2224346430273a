import type { Client } from '@temporalio/client';

// Lists of the server with memos as it keeps them. The SDK decodes the memos of a page together: one that this process cannot decode would
// hide all others.

type WorkflowService = Client['workflowService'];
type ListedWorkflow = NonNullable<
  Awaited<ReturnType<WorkflowService['listWorkflowExecutions']>>['executions']
>[number];
type ListedSchedule = NonNullable<Awaited<ReturnType<WorkflowService['listSchedules']>>['schedules']>[number];

/** Part of a query: workflows of one task queue. */
export function onTaskQueue(taskQueue: string): string {
  return `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
}

/** Part of a query: those that run. */
export function runningOn(taskQueue: string): string {
  return `ExecutionStatus = 'Running' AND ${onTaskQueue(taskQueue)}`;
}

/** Eventually consistent: about a second behind. */
export async function* listWorkflows(
  { workflowService, options: { namespace } }: Client,
  query: string,
): AsyncGenerator<ListedWorkflow> {
  const pages = everyPage((page) => workflowService.listWorkflowExecutions({ namespace, query, ...page }));
  for await (const { executions } of pages) yield* executions ?? [];
}

/** All of the namespace, also those of others. */
export async function* listSchedules({
  workflowService,
  options: { namespace },
}: Client): AsyncGenerator<ListedSchedule> {
  const pages = everyPage((page) => workflowService.listSchedules({ namespace, ...page }));
  for await (const { schedules } of pages) yield* schedules ?? [];
}

/** gRPC: not found. */
const NOT_FOUND = 5;

/** The latest run, without the delay of lists. Undefined: there is no such workflow. */
export async function describeWorkflow(
  { workflowService, options: { namespace } }: Client,
  workflowId: string,
): Promise<ListedWorkflow | undefined> {
  try {
    const found = await workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
    return found.workflowExecutionInfo ?? undefined;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** As the server numbers it: the enum is in a package that is no dependency. */
const RUNNING = 1;

export function isRunning({ status }: ListedWorkflow): boolean {
  return Number(status) === RUNNING;
}

interface Page {
  readonly nextPageToken?: Uint8Array | null;
}

async function* everyPage<Answer extends Page>(
  ask: (page: { readonly nextPageToken?: Uint8Array }) => Promise<Answer>,
): AsyncGenerator<Answer> {
  let token: Uint8Array | undefined;
  do {
    const answer = await ask(token ? { nextPageToken: token } : {});
    yield answer;
    token = answer.nextPageToken ?? undefined;
  } while (token && token.length > 0);
}
