import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { DESTINATION_ID_PREFIX } from '../contract/identifiers';
import { MOST_DESTINATIONS, type RefreshTargets } from '../contract/refresh';

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
    const listed = await listOf(client, info.taskQueue);
    const chosen = namesOf(targets, listed).toSorted();
    return {
      targets: chosen
        .slice(0, MOST_DESTINATIONS)
        .map((destinationId) => ({ destinationId, account: listed.get(destinationId)?.account ?? '' })),
      left: Math.max(0, chosen.length - MOST_DESTINATIONS),
    };
  };
}

function namesOf(targets: RefreshTargets, listed: ReadonlyMap<string, Listed>): string[] {
  if ('destinations' in targets) return [...new Set(targets.destinations)];
  const { labels } = { labels: null, ...targets };
  return [...listed.values()]
    .filter((destination) => labels?.some((label) => destination.labels.includes(label)) ?? true)
    .map(({ destinationId }) => destinationId);
}

/** How long the next run of a workflow may take to appear in lists after the last one has ended. */
const VISIBLE_WITHIN_MS = 60_000;

async function listOf(client: Client, taskQueue: string): Promise<Map<string, Listed>> {
  const since = new Date(Date.now() - VISIBLE_WITHIN_MS).toISOString();
  // With those that have just continued as new: otherwise a destination between two runs would be left out.
  const query =
    `WorkflowType = 'mailchimpDestination' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}' AND ` +
    `(ExecutionStatus = 'Running' OR (ExecutionStatus = 'ContinuedAsNew' AND CloseTime > '${since}'))`;
  const found = new Map<string, Listed>();
  for await (const { workflowId, memo = {}, status } of client.workflow.list({ query })) {
    const destinationId = workflowId.slice(DESTINATION_ID_PREFIX.length);
    const isRunning = status.name === 'RUNNING';
    // Without a name, its first connect has not succeeded: it is no destination yet.
    if (textIn(memo, 'name') === '' || (found.get(destinationId)?.isRunning && !isRunning)) continue;
    const { labels } = memo;
    found.set(destinationId, {
      destinationId,
      isRunning,
      account: textIn(memo, 'accountId') || textIn(memo, 'account'),
      labels: Array.isArray(labels) ? labels.filter((label) => typeof label === 'string') : [],
    });
  }
  return found;
}

function textIn(memo: Readonly<Record<string, unknown>>, key: string): string {
  const value = memo[key];
  return typeof value === 'string' ? value : '';
}
