import { WorkflowFailedError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { temporalScheduleId } from '../contract/identifiers';
import type { Reason } from '../contract/reason';
import type { RefreshReport } from '../contract/refresh';
import type { ScheduledRun, ScheduledRunStatus } from '../contract/schedule-view';
import { exportErrorCode } from '../errors';

/** A refresh with a thousand destinations reports up to half a megabyte. */
const SHOWN = 10;

const STATUSES: Readonly<Record<string, ScheduledRunStatus>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed_out',
};

/** The last refreshes of a schedule, latest first. A refresh that continued as new is one, in its latest run. */
export async function lastRuns(client: Client, name: string): Promise<ScheduledRun[]> {
  const query = `TemporalScheduledById = '${temporalScheduleId(name)}' AND ExecutionStatus != 'ContinuedAsNew'`;
  const found: WorkflowExecutionInfo[] = [];
  // The server lists those that run first, then the others from the last that ended.
  for await (const run of client.workflow.list({ query, pageSize: SHOWN })) {
    if (found.push(run) === SHOWN) break;
  }
  const runs = await Promise.all(found.map((run) => withResult(client, run)));
  return runs.toSorted((one, other) => other.startedAt.localeCompare(one.startedAt));
}

async function withResult(client: Client, run: WorkflowExecutionInfo): Promise<ScheduledRun> {
  const { workflowId, runId, status, startTime, closeTime } = run;
  return {
    workflowId,
    runId,
    status: STATUSES[status.name] ?? 'failed',
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    ...(await resultOf(client, run)),
  };
}

async function resultOf(
  client: Client,
  { workflowId, runId, status }: WorkflowExecutionInfo,
): Promise<Pick<ScheduledRun, 'report' | 'failure'>> {
  if (status.name !== 'COMPLETED' && status.name !== 'FAILED') return { report: null, failure: null };
  try {
    const result: unknown = await client.workflow.getHandle(workflowId, runId).result();
    return { report: isReport(result) ? result : null, failure: null };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { report: null, failure: reasonOf(error.cause) };
    throw error;
  }
}

/** Another workflow of the host may have the name of ours in its schedule. */
function isReport(result: unknown): result is RefreshReport {
  return typeof result === 'object' && result !== null && 'destinations' in result;
}

function reasonOf(cause: (Error & { readonly type?: unknown }) | undefined): Reason {
  return {
    code: exportErrorCode(cause?.type) ?? 'UNEXPECTED',
    message: cause?.message ?? 'The refresh failed without a reason',
  };
}
