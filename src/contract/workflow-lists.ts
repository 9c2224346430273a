import type { Client } from '@temporalio/client';

// Lists of the server with memos as it keeps them. The SDK decodes the memos of a page together: one that this process cannot decode would
// hide all others.

type WorkflowService = Client['workflowService'];
export type ListedWorkflow = NonNullable<
  Awaited<ReturnType<WorkflowService['listWorkflowExecutions']>>['executions']
>[number];
type ListedSchedule = NonNullable<Awaited<ReturnType<WorkflowService['listSchedules']>>['schedules']>[number];

interface OnTaskQueue {
  readonly taskQueue: string;
  /** Names of workflow types. */
  readonly types: readonly string[];
}

/** How long the next run of a workflow may take to appear in lists after the last one has ended. */
const VISIBLE_WITHIN_MS = 60_000;

/**
 * The open workflows, each with its latest run. A workflow that has just continued as new is asked for by its id: lists know that its last run
 * has ended before they know of the next one, or know of both. A new workflow can take a second to appear.
 */
export async function listOpen(
  client: Client,
  { taskQueue, types }: OnTaskQueue,
): Promise<ReadonlyMap<string, ListedWorkflow>> {
  const since = new Date(Date.now() - VISIBLE_WITHIN_MS).toISOString();
  const query =
    `WorkflowType IN (${types.map(quoted).join(', ')}) AND TaskQueue = ${quoted(taskQueue)} AND ` +
    `(ExecutionStatus = 'Running' OR (ExecutionStatus = 'ContinuedAsNew' AND CloseTime > '${since}'))`;
  const open = new Map<string, ListedWorkflow>();
  const between = new Set<string>();
  for await (const run of listWorkflows(client, query)) {
    const workflowId = run.execution?.workflowId ?? '';
    if (isRunning(run)) open.set(workflowId, run);
    else between.add(workflowId);
  }
  for (const workflowId of between) {
    if (open.has(workflowId)) continue;
    const latest = await describeWorkflow(client, workflowId);
    if (latest && isRunning(latest)) open.set(workflowId, latest);
  }
  return open;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Eventually consistent: about a second behind. */
async function* listWorkflows(
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
