import type { Client } from '@temporalio/client';
import type { DestinationView } from '../contract/destination';
import type { ExportView } from '../contract/export';
import { destinationWorkflowId, exportWorkflowId } from '../contract/identifiers';
import { progressQuery, stateQuery } from '../workflows/messages';

/** The exports of a destination that have not ended. */
export type OpenExports = Pick<DestinationView, 'running' | 'queued'>;

const QUERY_MS = 3_000;

/**
 * The view with what the running export says of itself. A query and no signal of the export to its destination: the answer is never
 * older than the question, and no state of an export adds events to the history of the destination.
 */
export async function withExportNow(
  view: DestinationView,
  ask: () => Promise<ExportView | undefined>,
): Promise<DestinationView> {
  const { running } = view;
  if (!running) return view;
  // A worker that does not answer for the export must not hide the destination.
  const progress = await ask().catch(() => undefined);
  if (progress?.ref.exportId !== running.exportId) return view;
  const { phase, state, isPaused } = progress;
  return { ...view, running: { ...running, now: { phase, state, isPaused } } };
}

/** For a list of destinations. Undefined: no worker answers for this one within a few seconds. */
export async function openExports(client: Client, destinationId: string): Promise<OpenExports | undefined> {
  const inTime = <Result>(query: () => Promise<Result>) => client.withDeadline(Date.now() + QUERY_MS, query);
  try {
    const { workflow } = client;
    const view = await inTime(() =>
      workflow.getHandle(destinationWorkflowId(destinationId)).query(stateQuery),
    );
    const asked = await withExportNow(view, () =>
      inTime(() => workflow.getHandle(exportWorkflowId(destinationId)).query(progressQuery)),
    );
    return { running: asked.running, queued: asked.queued };
  } catch {
    return undefined;
  }
}
