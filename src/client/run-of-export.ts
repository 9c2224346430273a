import { WorkflowNotFoundError } from '@temporalio/client';
import { exportWorkflowId, type ExportRef } from '../contract/identifiers';
import { readMemo } from '../contract/read-memo';
import type { Requests } from './requests';

/** Runs of one destination that are looked through: some weeks of a daily export. */
const MOST = 200;

/**
 * The run of Temporal that an export is, or was last: all exports of a destination have one workflow id, and their memos name them. Undefined: it has
 * not begun, or Temporal no longer keeps it.
 */
export async function runOfExport(requests: Requests, ref: ExportRef): Promise<string | undefined> {
  return (await latestRun(requests, ref)) ?? earlierRun(requests, ref);
}

/** Lists are about a second behind. */
async function latestRun({ client }: Requests, ref: ExportRef): Promise<string | undefined> {
  try {
    const { memo, runId } = await client.workflow.getHandle(exportWorkflowId(ref.destinationId)).describe();
    return memo?.['exportId'] === ref.exportId ? runId : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Newest first. */
async function earlierRun({ client }: Requests, ref: ExportRef): Promise<string | undefined> {
  const { namespace, loadedDataConverter } = client.options;
  const query = `WorkflowId = '${exportWorkflowId(ref.destinationId)}'`;
  const page = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: MOST });
  for (const { execution, memo } of page.executions ?? []) {
    const read = await readMemo(loadedDataConverter, memo?.fields);
    if ('memo' in read && read.memo['exportId'] === ref.exportId) return execution?.runId ?? undefined;
  }
  return undefined;
}
