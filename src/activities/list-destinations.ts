import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { shortReason } from '../contract/ended-export';
import { toDestinationMemo, type DestinationMemo } from '../contract/destination-memo';
import { destinationWorkflowId } from '../contract/identifiers';
import { listOpenDestinations } from '../contract/open-destinations';
import { readMemo, type ReadMemo } from '../contract/read-memo';
import type { Reason } from '../contract/reason';
import { MOST_DESTINATIONS, type RefreshedDestination, type RefreshTargets } from '../contract/refresh';
import { describeWorkflow } from '../contract/workflow-lists';
import { ASKED_AT_ONCE } from './ask-destinations';
import { withHeartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';

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
  /** Those of which it cannot be said whether they are chosen: this worker cannot decode their labels. Undefined: none. */
  readonly unreadable?: readonly RefreshedDestination[];
}

interface Listed extends ListedTarget {
  readonly labels: readonly string[];
  readonly unreadable?: Reason;
}

/** Lists the destinations of the task queue that a refresh chooses, and those that it names, whether they exist or not. */
export function createListDestinations() {
  return async function listDestinations({ targets }: ListDestinationsInput): Promise<ListedTargets> {
    const { client, info } = Context.current();
    const found = await withHeartbeat(async () =>
      'destinations' in targets
        ? { targets: await named(client, targets.destinations), unreadable: [] }
        : chosenBy(targets, await listOf(client, info.taskQueue)),
    );
    const sorted = found.targets.toSorted((one, other) => (one.destinationId < other.destinationId ? -1 : 1));
    return {
      ...(found.unreadable.length > 0 && { unreadable: found.unreadable }),
      targets: sorted
        .slice(0, MOST_DESTINATIONS)
        .map(({ destinationId, account }) => ({ destinationId, account })),
      left: Math.max(0, sorted.length - MOST_DESTINATIONS),
    };
  };
}

/** Not from the list, which is about a second behind. */
function named(client: Client, destinations: readonly string[]): Promise<ListedTarget[]> {
  return mapAtOnce([...new Set(destinations)], ASKED_AT_ONCE, async (destinationId) => ({
    destinationId,
    account: (await accountOf(client, destinationId)) || alone(destinationId),
  }));
}

/** Undefined: there is no such destination, or this worker cannot decode its memo; it answers for itself. */
async function accountOf(client: Client, destinationId: string): Promise<string | undefined> {
  const found = await describeWorkflow(client, destinationWorkflowId(destinationId));
  const read = await readMemo(client.options.loadedDataConverter, found?.memo?.fields);
  const memo = 'memo' in read ? toDestinationMemo(read.memo) : undefined;
  return memo && accountIn(memo);
}

/** In place of an account that is not known: it keeps no other waiting. */
function alone(destinationId: string): string {
  return `none/${destinationId}`;
}

interface Chosen {
  readonly targets: readonly ListedTarget[];
  readonly unreadable: readonly RefreshedDestination[];
}

/** Of all destinations, one whose memo cannot be decoded is asked like the others: it answers for itself. */
function chosenBy(targets: RefreshTargets, listed: readonly Listed[]): Chosen {
  if (!('labels' in targets)) return { targets: listed, unreadable: [] };
  return {
    targets: listed.filter(({ labels }) => labels.some((label) => targets.labels.includes(label))),
    unreadable: listed.flatMap(({ destinationId, unreadable }) =>
      unreadable ? [{ destinationId, result: 'failed' as const, failure: shortReason(unreadable) }] : [],
    ),
  };
}

async function listOf(client: Client, taskQueue: string): Promise<readonly Listed[]> {
  const open = await listOpenDestinations(client, taskQueue);
  return open.flatMap(({ destinationId, read }) => toListed(destinationId, read) ?? []);
}

function toListed(destinationId: string, read: ReadMemo): Listed | undefined {
  if ('unreadable' in read)
    return { destinationId, account: alone(destinationId), labels: [], unreadable: read.unreadable };
  const memo = toDestinationMemo(read.memo);
  return memo && { destinationId, account: accountIn(memo), labels: memo.labels };
}

/** Two names in the configuration may be of one account. */
function accountIn({ account, accountId }: DestinationMemo): string {
  return accountId || account;
}
