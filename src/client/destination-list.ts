import { toDestinationMemo } from '../contract/destination-memo';
import { destinationWorkflowId } from '../contract/identifiers';
import { listOpenDestinations } from '../contract/open-destinations';
import type { ReadMemo } from '../contract/read-memo';
import type { Reason } from '../contract/reason';
import type { RefreshTargets } from '../contract/refresh';
import type { SearchAttribute } from '../contract/search-attributes';
import { describeWorkflow, isRunning } from '../contract/workflow-lists';
import type { Requests } from './requests';

/** What lists know of a destination. */
export interface Listed {
  readonly destinationId: string;
  readonly name: string;
  readonly audienceId: string;
  readonly phase: string;
  readonly labels: readonly string[];
  /** Its search attribute, where it has one. */
  readonly state?: string;
  readonly unreadable?: Reason;
}

const STATE = 'MailchimpState' satisfies SearchAttribute;

/** Memos may be encrypted with keys that this client does not have. */
export async function listDestinations({
  client,
  taskQueue,
}: Pick<Requests, 'client' | 'taskQueue'>): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const { destinationId, read, searchAttributes } of await listOpenDestinations(client, taskQueue)) {
    const listed = toListed(destinationId, read);
    const state = toText(searchAttributes?.indexedFields?.[STATE]);
    if (listed) found.push({ ...listed, ...(state !== undefined && { state }) });
  }
  return found.toSorted((one, other) => one.destinationId.localeCompare(other.destinationId));
}

/** Of a search attribute, which is JSON and never encrypted. */
function toText(payload: { readonly data?: Uint8Array | null } | undefined): string | undefined {
  const value: unknown = payload?.data ? JSON.parse(Buffer.from(payload.data).toString()) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function toListed(destinationId: string, read: ReadMemo): Listed | undefined {
  if ('unreadable' in read)
    return { destinationId, name: '', audienceId: '', phase: '', labels: [], unreadable: read.unreadable };
  const memo = toDestinationMemo(read.memo);
  if (!memo) return undefined;
  const { name, audience, state, labels } = memo;
  return { destinationId, name, audienceId: audience, phase: state, labels };
}

/** The names and the labels of `targets` that no destination of the task queue has. */
export async function unknownIn(requests: Requests, targets: RefreshTargets): Promise<string[]> {
  if ('all' in targets) return [];
  const listed = await listDestinations(requests);
  if ('labels' in targets) {
    const known = new Set(listed.flatMap(({ labels }) => labels));
    return targets.labels.filter((label) => !known.has(label));
  }
  const known = new Set(listed.map(({ destinationId }) => destinationId));
  const unknown: string[] = [];
  for (const name of targets.destinations)
    if (!known.has(name) && !(await isOpen(requests, name))) unknown.push(name);
  return unknown;
}

/** Lists are about a second behind. */
async function isOpen({ client, taskQueue }: Requests, destinationId: string): Promise<boolean> {
  const found = await describeWorkflow(client, destinationWorkflowId(destinationId));
  return found !== undefined && isRunning(found) && found.taskQueue === taskQueue;
}
