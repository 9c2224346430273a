import type { Client, Connection } from '@temporalio/client';
import { storeQueue } from '../../contract/identifiers';
import { FORGOTTEN_AFTER_MS, mayPoll } from '../../contract/poller-age';
import {
  describeUnusable,
  registeredAttributes,
  SEARCH_ATTRIBUTES,
  unusable,
} from '../../contract/search-attributes';
import { ExportError } from '../../errors';
import { duration } from '../../text/format';
import { lazy } from '../lazy';
import type { Settings } from '../shell/settings';
import { connect } from '../shell/temporal';
import { check, failed, notChecked, type Check } from './check';
import { checkDeployment } from './deployment';

/** @param storeId of the store of the configuration; undefined where there is none yet */
export async function checkTemporal(settings: Settings, storeId: string | undefined): Promise<Check[]> {
  const { temporal } = settings;
  let connection: Connection;
  try {
    connection = await connect(settings);
  } catch (error) {
    const rest = ['temporal.namespace', 'temporal.taskQueue', 'clock', 'staging.worker'];
    return [failed('temporal', error), ...rest.map((at) => notChecked(at, 'Needs Temporal.'))];
  }
  try {
    const { namespace, taskQueue } = temporal;
    const client = new (lazy.temporalClient().Client)({ connection, namespace });
    const reached = await check('temporal', () => server(connection, temporal.address));
    const ofNamespace = await check('temporal.namespace', () => namespaceOf(connection, namespace));
    if (ofNamespace.status === 'failed') {
      const rest = ['temporal.taskQueue', 'clock', 'staging.worker'];
      return [reached, ofNamespace, ...rest.map((at) => notChecked(at, 'Needs the namespace.'))];
    }
    const seen = await lookForWorkers(client, taskQueue).catch(() => undefined);
    return [
      reached,
      ofNamespace,
      await check('temporal.taskQueue', async () =>
        polled(await lookForWorkers(client, taskQueue), taskQueue),
      ),
      ...(await checkDeployment(client, taskQueue)),
      ...(temporal.searchAttributes ? [await checkAttributes(connection, namespace)] : []),
      await checkClock(seen),
      storeId === undefined
        ? notChecked('staging.worker', 'No worker has made the staging store yet.')
        : await check('staging.worker', async () => {
            const queue = storeQueue(storeId);
            return polled(await lookForWorkers(client, queue, 'activities'), queue);
          }),
    ];
  } finally {
    await connection.close();
  }
}

async function server(connection: Connection, address: string): Promise<string> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  return `${address}, server ${serverVersion}`;
}

/** gRPC: not found. */
const NOT_FOUND = 5;

async function namespaceOf(connection: Connection, namespace: string): Promise<string> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    return `${namespace}, keeps closed workflows for ${duration(seconds * 1000)}`;
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    throw new ExportError(
      'TEMPORAL_UNREACHABLE',
      `The namespace "${namespace}" does not exist on the server. Check its name, or create it: temporal operator namespace create ${namespace}`,
    );
  }
}

/** Where they are opted in. */
function checkAttributes(connection: Connection, namespace: string): Promise<Check> {
  return check('temporal.searchAttributes', async () => {
    const problem = describeUnusable(unusable(await registeredAttributes(connection, namespace)));
    if (problem !== undefined) throw new ExportError('SEARCH_ATTRIBUTES_MISSING', problem);
    return Object.keys(SEARCH_ATTRIBUTES).join(', ');
  });
}

interface Seen {
  /** Workers that the server knows. */
  readonly workers: number;
  /** How long ago it saw the last one, by our clock. */
  readonly agoMs: number;
}

const KINDS = { workflows: 1, activities: 2 } as const;

async function lookForWorkers(
  { workflowService, options: { namespace } }: Client,
  queue: string,
  kind: keyof typeof KINDS = 'workflows',
): Promise<Seen> {
  const { pollers } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package that only the SDK has
    taskQueueType: KINDS[kind],
  });
  const times = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  return { workers: times.length, agoMs: Date.now() - Math.max(0, ...times) };
}

function polled({ workers, agoMs }: Seen, queue: string): string {
  if (workers === 0 || !mayPoll(agoMs))
    throw new ExportError(
      'WORKER_NOT_RUNNING',
      `No worker polls "${queue}". Start one: temporal-mailchimp worker`,
    );
  return `${queue}, polled by ${workers === 1 ? 'one worker' : `${workers} workers`}`;
}

/** Requests are refused from about this on. Seconds are cut off in what the server answers. */
const LONGEST_SKEW_MS = 10_000;

/** The server has no request that returns its time, but it says when it saw a worker. */
function checkClock(seen: Seen | undefined): Promise<Check> | Check {
  if (!seen || seen.workers === 0)
    return notChecked('clock', 'Needs a worker: the server says when it has seen one.');
  return check('clock', async () => clock(seen));
}

function clock(seen: Seen): string {
  if (seen.agoMs < -LONGEST_SKEW_MS)
    throw new ExportError(
      'REQUEST_EXPIRED',
      `The clock of this machine is at least ${duration(-seen.agoMs)} behind that of the Temporal server. Set it, for example by NTP.`,
    );
  if (seen.agoMs > FORGOTTEN_AFTER_MS)
    throw new ExportError(
      'REQUEST_EXPIRED',
      'The clock of this machine is minutes ahead of that of the Temporal server. Set it, for example by NTP.',
    );
  return 'not behind the Temporal server';
}
