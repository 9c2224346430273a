import type { Client } from '@temporalio/client';
import { DESTINATION_ID_PREFIX } from '../contract/identifiers';

export interface ListedDestination {
  readonly destinationId: string;
  readonly name: string;
  readonly audienceId: string;
  readonly phase: string;
}

/** Found by workflow type and memo, so that no custom search attribute is needed. */
export async function listDestinations(client: Client): Promise<ListedDestination[]> {
  const query = `WorkflowType = 'mailchimpDestination' AND ExecutionStatus = 'Running'`;
  const found: ListedDestination[] = [];
  for await (const { workflowId, memo } of client.workflow.list({ query })) {
    const text = (key: string) => (typeof memo?.[key] === 'string' ? memo[key] : '');
    // Never connected: it ends by itself.
    if (text('name') === '') continue;
    found.push({
      destinationId: workflowId.slice(DESTINATION_ID_PREFIX.length),
      name: text('name'),
      audienceId: text('audience'),
      phase: text('state'),
    });
  }
  return found.toSorted((one, other) => one.destinationId.localeCompare(other.destinationId));
}
