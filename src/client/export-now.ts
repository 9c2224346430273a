import type { Client } from '@temporalio/client';
import type { DestinationView, Stale } from '../contract/destination-view';
import type { ExportView } from '../contract/export';
import { fullView } from '../contract/compact';
import { destinationWorkflowId, exportWorkflowId } from '../contract/identifiers';
import { isPolled } from './pollers';
import type { Requests } from './requests';
import { progressQuery, stateQuery } from '../workflows/messages';

/** What a destination says of itself in a list. */
interface Asked {
  readonly open: OpenExports;
  readonly stale?: Stale;
}

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

/** Of a destination that nothing runs for. */
const IDLE: Asked = { open: { running: null, queued: [] } };

/** One look for a worker, for all of them: without a worker, each query would wait for its deadline. @param busy those to be asked; default: all */
export async function askAll(
  requests: Requests,
  listed: readonly { readonly destinationId: string }[],
  busy?: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Asked>> {
  const { client, taskQueue } = requests;
  const found = new Map<string, Asked>();
  if (!(await requests.withoutWorker(() => isPolled(client, taskQueue)))) return found;
  const isBusy = ({ destinationId }: { readonly destinationId: string }) => busy?.has(destinationId) ?? true;
  for (const { destinationId } of listed.filter((one) => !isBusy(one))) found.set(destinationId, IDLE);
  const toAsk = listed.filter(isBusy);
  for (let first = 0; first < toAsk.length; first += ASKED_AT_ONCE) {
    const asked = toAsk.slice(first, first + ASKED_AT_ONCE).map(async ({ destinationId }) => {
      const answer = await ask(client, destinationId);
      if (answer) found.set(destinationId, answer);
    });
    await Promise.all(asked);
  }
  return found;
}

/** Undefined: no worker answers for this one within a few seconds. */
async function ask(client: Client, destinationId: string): Promise<Asked | undefined> {
  const inTime = <Result>(query: () => Promise<Result>) => client.withDeadline(Date.now() + QUERY_MS, query);
  try {
    const { workflow } = client;
    const view = await inTime(() =>
      workflow.getHandle(destinationWorkflowId(destinationId)).query(stateQuery),
    );
    const asked = await withExportNow(fullView(view), () =>
      inTime(() => workflow.getHandle(exportWorkflowId(destinationId)).query(progressQuery)),
    );
    const { running, queued, stale } = asked;
    return { open: { running, queued }, ...(stale && { stale }) };
  } catch {
    return undefined;
  }
}
