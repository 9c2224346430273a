import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { DESTINATION_ID_PREFIX, destinationWorkflowId } from '../contract/identifiers';
import { ExportError } from '../errors';
import { MOST_DESTINATIONS, type RefreshTargets } from '../contract/refresh';
import { ASKED_AT_ONCE } from './ask-destinations';
import { withHeartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';
import { ifFound } from './rules/look-at-destination';

export interface ListDestinationsInput {
  readonly targets: RefreshTargets;
}

export interface ListedTarget {
  readonly destinationId: string;
  /** Mailchimp's id of the account; empty where it is not known. */
  readonly account: string;
}

export interface ListedTargets {
  /** By name. */
  readonly targets: readonly ListedTarget[];
  /** How many more there are. */
  readonly left: number;
}

interface Listed extends ListedTarget {
  readonly labels: readonly string[];
  readonly isRunning: boolean;
}

/** Lists the destinations of the task queue that a refresh chooses, and those that it names, whether they exist or not. */
export function createListDestinations() {
  return async function listDestinations({ targets }: ListDestinationsInput): Promise<ListedTargets> {
    const { client, info } = Context.current();
    const found = await withHeartbeat(async () =>
      'destinations' in targets
        ? named(client, targets.destinations)
        : chosenBy(targets, await listOf(client, info.taskQueue)),
    );
    const sorted = found.toSorted((one, other) => (one.destinationId < other.destinationId ? -1 : 1));
    return {
      targets: sorted
        .slice(0, MOST_DESTINATIONS)
        .map(({ destinationId, account }) => ({ destinationId, account })),
      left: Math.max(0, sorted.length - MOST_DESTINATIONS),
    };
  };
}

/** Not from the list, which is about a second behind. */
function named(client: Client, destinations: readonly string[]): Promise<ListedTarget[]> {
  return mapAtOnce([...new Set(destinations)], ASKED_AT_ONCE, async (destinationId) => {
    const handle = client.workflow.getHandle(destinationWorkflowId(destinationId));
    const found = await ifFound(() => handle.describe());
    // One that does not exist keeps no other waiting.
    return { destinationId, account: found ? accountIn(found.memo) : `none/${destinationId}` };
  });
}

function chosenBy(targets: RefreshTargets, listed: readonly Listed[]): readonly Listed[] {
  if (!('labels' in targets)) return listed;
  return listed.filter(({ labels }) => labels.some((label) => targets.labels.includes(label)));
}

/** How long the next run of a workflow may take to appear in lists after the last one has ended. */
const VISIBLE_WITHIN_MS = 60_000;

async function listOf(client: Client, taskQueue: string): Promise<readonly Listed[]> {
  const since = new Date(Date.now() - VISIBLE_WITHIN_MS).toISOString();
  // With those that have just continued as new: otherwise a destination between two runs would be left out.
  const query =
    `WorkflowType = 'mailchimpDestination' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}' AND ` +
    `(ExecutionStatus = 'Running' OR (ExecutionStatus = 'ContinuedAsNew' AND CloseTime > '${since}'))`;
  const found = new Map<string, Listed>();
  for await (const { workflowId, memo, status } of readable(client.workflow.list({ query }))) {
    const destinationId = workflowId.slice(DESTINATION_ID_PREFIX.length);
    const isRunning = status.name === 'RUNNING';
    // Without a name, its first connect has not succeeded: it is no destination yet.
    if (textIn(memo, 'name') === '' || (found.get(destinationId)?.isRunning && !isRunning)) continue;
    const labels = memo?.['labels'];
    found.set(destinationId, {
      destinationId,
      isRunning,
      account: accountIn(memo),
      labels: Array.isArray(labels) ? labels.filter((label) => typeof label === 'string') : [],
    });
  }
  return [...found.values()];
}

/** @throws ExportError SECRET_UNAVAILABLE for a memo that this worker cannot decode: it may name a destination that has to be asked */
async function* readable<Entry>(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
  try {
    yield* entries;
  } catch (error) {
    if (error instanceof ExportError || typeof (error as { code?: unknown }).code === 'number') throw error;
    throw new ExportError(
      'SECRET_UNAVAILABLE',
      'The destinations could not be listed: the memo of one cannot be decoded by this worker. Give the worker the keys of all destinations of ' +
        'its task queue, or name the destinations of the refresh.',
      { cause: error },
    );
  }
}

type Memo = Readonly<Record<string, unknown>> | undefined;

/** Two names in the configuration may be of one account. */
function accountIn(memo: Memo): string {
  return textIn(memo, 'accountId') || textIn(memo, 'account');
}

function textIn(memo: Memo, key: string): string {
  const value = memo?.[key];
  return typeof value === 'string' ? value : '';
}
