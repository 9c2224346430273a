import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { mayPoll } from '../contract/poller-age';
import { ExportError } from '../errors';
import { inspectStore } from '../plugin/inspect-store';
import type { WorkerConfig } from '../config/config';

export interface HealthOptions {
  /** `host:port`. */
  readonly address: string;
  readonly worker: Worker;
  readonly connection: NativeConnection;
  readonly staging: WorkerConfig['staging'];
  readonly baseFolder: string;
}

/** One part of `/readyz`. */
interface Part {
  readonly isFine: boolean;
  readonly message: string;
}

export interface HealthServer {
  readonly close: () => Promise<void>;
}

/**
 * Answers `GET /healthz` (200 until the worker has ended or failed) and `GET /readyz` (200 while it runs, the server has seen it poll, and its
 * store can be written; otherwise 503, with what is wrong). Both bodies are JSON, without rows or secrets.
 *
 * @throws ExportError CONFIG_INVALID where it cannot listen
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const answer =
      path === '/healthz' ? health(options) : path === '/readyz' ? readiness(options) : undefined;
    void Promise.resolve(answer).then((parts) => {
      if (!parts) return response.writeHead(404).end();
      const isFine = Object.values(parts).every((part) => part.isFine);
      const body = Object.fromEntries(Object.entries(parts).map(([name, { message }]) => [name, message]));
      response.writeHead(isFine ? 200 : 503, { 'content-type': 'application/json' });
      return response.end(`${JSON.stringify({ isFine, ...body })}\n`);
    });
  });
  await listen(server, options.address);
  return {
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, address: string): Promise<void> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  server.listen(Number(port), host.replaceAll(/[[\]]/g, ''));
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ExportError(
      'CONFIG_INVALID',
      `The health endpoint cannot listen on ${address} (${code}). Choose another address: worker.healthAddress, or --health-address.`,
    );
  }
}

const ENDED = ['STOPPED', 'FAILED'];

function health({ worker }: HealthOptions): Readonly<Record<string, Part>> {
  const state = worker.getState();
  return { worker: { isFine: !ENDED.includes(state), message: state } };
}

async function readiness(options: HealthOptions): Promise<Readonly<Record<string, Part>>> {
  const state = options.worker.getState();
  const [temporal, staging] = await Promise.all([pollOf(options), store(options)]);
  return { worker: { isFine: state === 'RUNNING', message: state }, temporal, staging };
}

const ANSWER_MS = 5_000;

/** When the server has last seen this worker poll. */
async function pollOf({ connection, worker }: HealthOptions): Promise<Part> {
  const { identity, namespace, taskQueue } = worker.options;
  try {
    const { pollers } = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
      connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
    );
    const times = (pollers ?? [])
      .filter((poller) => poller.identity === identity)
      .map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
    if (times.length === 0) return { isFine: false, message: 'The server has not seen this worker poll.' };
    const last = Math.max(...times);
    const isFine = mayPoll(Date.now() - last);
    return { isFine, message: `last poll ${new Date(last).toISOString()}` };
  } catch {
    return { isFine: false, message: 'The Temporal server does not answer.' };
  }
}

async function store({ staging, baseFolder }: HealthOptions): Promise<Part> {
  try {
    const { storeId, address } = await inspectStore(staging, baseFolder);
    if (storeId !== undefined) return { isFine: true, message: `store ${storeId}` };
    const message =
      address === undefined
        ? 'The staging folder has no store. Mount it, or check staging.folder.'
        : `There is no store in ${address}. Check the settings of staging.`;
    return { isFine: false, message };
  } catch (error) {
    const message =
      error instanceof ExportError ? `${error.code}: ${error.message}` : 'It could not be read.';
    return { isFine: false, message };
  }
}
