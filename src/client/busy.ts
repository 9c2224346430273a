import { DESTINATION_ID_PREFIX } from '../contract/identifiers';
import { JOB_WORKFLOWS } from '../contract/job-kind';
import { STALE } from '../contract/search-attributes';
import { listOpen } from '../contract/workflow-lists';
import type { Requests } from './requests';

/**
 * The destinations that have more to say than the list knows: those with an open export, stale ones, and those that have set no search
 * attributes yet. Two lists in place of a look at each.
 */
export async function busyOf(
  { client, taskQueue }: Requests,
  listed: readonly { readonly destinationId: string; readonly state?: string }[],
): Promise<ReadonlySet<string>> {
  const busy = new Set(
    listed
      .filter(({ state }) => state === undefined || state === STALE)
      .map(({ destinationId }) => destinationId),
  );
  const types = Object.values(JOB_WORKFLOWS);
  for (const workflowId of (await listOpen(client, { taskQueue, types })).keys()) {
    const [destinationId = ''] = workflowId.slice(DESTINATION_ID_PREFIX.length).split('/');
    busy.add(destinationId);
  }
  return busy;
}
