import type { Client } from '@temporalio/client';
import type { DestinationView } from '../contract/destination-view';
import type { ExportView } from '../contract/export';
import { fullView } from '../contract/compact';
import { destinationWorkflowId, exportWorkflowId } from '../contract/identifiers';
import { isPolled } from './pollers';
import type { Requests } from './requests';
import { progressQuery, stateQuery } from '../workflows/messages';

/** The exports of a destination that have not ended. */
export type OpenExports = Pick<DestinationView, 'running' | 'queued'>;

const QUERY_MS = 3_000;
/** Destinations that are asked at the same time. */
const ASKED_AT_ONCE = 10;

/**
 * The view with what the running export says of itself. A query and no signal of the export to its destination: the answer is never
 * older than the question, and no state of an export adds events to the history of the destination.
 */
export async function withExportNow(
  view: DestinationView,
  ask: (exportId: string) => Promise<ExportView | undefined>,
): Promise<DestinationView> {
  const { running } = view;
  if (!running) return view;
  // A worker that does not answer for the export must not hide the destination.
  const progress = await ask(running.exportId).catch(() => undefined);
  if (progress?.ref.exportId !== running.exportId) return view;
  const { phase, state, isPaused } = progress;
  return { ...view, running: { ...running, now: { phase, state, isPaused } } };
}

/** Of those on the task queue of the client. One look for all of them: without a worker, each query would wait for its deadline. */
export async function openExportsOf(
  requests: Requests,
  listed: readonly { readonly destinationId: string; readonly taskQueue: string }[],
): Promise<ReadonlyMap<string, OpenExports>> {
  const { client, taskQueue } = requests;
  const found = new Map<string, OpenExports>();
  if (!(await requests.withoutWorker(() => isPolled(client, taskQueue)))) return found;
  const own = listed.filter((destination) => destination.taskQueue === taskQueue);
  for (let first = 0; first < own.length; first += ASKED_AT_ONCE) {
    const asked = own.slice(first, first + ASKED_AT_ONCE).map(async ({ destinationId }) => {
      const open = await openExports(client, destinationId);
      if (open) found.set(destinationId, open);
    });
    await Promise.all(asked);
  }
  return found;
}

/** Undefined: no worker answers for this one within a few seconds. */
async function openExports(client: Client, destinationId: string): Promise<OpenExports | undefined> {
  const inTime = <Result>(query: () => Promise<Result>) => client.withDeadline(Date.now() + QUERY_MS, query);
  try {
    const { workflow } = client;
    const view = await inTime(() =>
      workflow.getHandle(destinationWorkflowId(destinationId)).query(stateQuery),
    );
    const asked = await withExportNow(fullView(view), () =>
      inTime(() => workflow.getHandle(exportWorkflowId(destinationId)).query(progressQuery)),
    );
    return { running: asked.running, queued: asked.queued };
  } catch {
    return undefined;
  }
}
