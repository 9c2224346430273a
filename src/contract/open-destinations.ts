import type { Client } from '@temporalio/client';
import { DESTINATION_ID_PREFIX } from './identifiers';
import { readMemo, type ReadMemo } from './read-memo';
import { type ListedWorkflow, listOpen } from './workflow-lists';

export interface OpenDestination extends Pick<ListedWorkflow, 'searchAttributes'> {
  readonly destinationId: string;
  /** The memo, or why this process cannot decode it. */
  readonly read: ReadMemo;
}

/** The destinations of a task queue that are not removed, in no order. Needs no worker, and no custom search attribute. */
export async function listOpenDestinations(client: Client, taskQueue: string): Promise<OpenDestination[]> {
  const open = await listOpen(client, { taskQueue, types: ['mailchimpDestination'] });
  const found: OpenDestination[] = [];
  for (const [workflowId, { memo, searchAttributes = null }] of open) {
    const read = await readMemo(client.options.loadedDataConverter, memo?.fields);
    found.push({ destinationId: workflowId.slice(DESTINATION_ID_PREFIX.length), read, searchAttributes });
  }
  return found;
}
