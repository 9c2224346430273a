import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { type OwnedProcess, spawnOwned } from './owned-process';
import { serverUnavailable } from './server-executable';
import { once } from 'node:events';
import { createServer } from 'node:net';

const READY_TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;

export interface DevServerOptions {
  /** The Temporal CLI, see `findTemporalBinary`. */
  readonly binary: string;
  /** SQLite file that keeps all state over a restart; its folder is created with mode 0700. Default: state is kept in memory and lost. */
  readonly dbFilename?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Port of the Web UI. Default: a free port. */
  readonly uiPort?: number;
  /** Created when missing. @default 'default' */
  readonly namespace?: string;
  /** Without the Web UI. @default false */
  readonly headless?: boolean;
  /** Port of the server's own metrics, at `/metrics`. Default: none. */
  readonly metricsPort?: number;
  /** Called with each line of the server's own output. */
  readonly log?: (line: string) => void;
}

export interface DevServer {
  /** `host:port` for a Temporal connection. */
  readonly address: string;
  readonly uiUrl?: string;
  readonly namespace: string;
  readonly pid: number;
  /** Resolves when the server process has ended. May be called again. */
  close(): Promise<void>;
}

interface Ports {
  readonly port: number;
  readonly uiPort: number | undefined;
}

/**
 * Starts a Temporal dev server on 127.0.0.1 and resolves when its frontend answers for the namespace. The server ends
 * with this process, however that ends, but does not keep it alive. Throws `TEMPORAL_SERVER_UNAVAILABLE` with the
 * server's last output.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  if (options.dbFilename !== undefined) {
    // For the owner only: histories contain the names in consents, and the server does not restrict the mode of its file.
    mkdirSync(dirname(resolve(options.dbFilename)), { recursive: true, mode: 0o700 });
  }
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(options);
    const server = await spawnServer(options, ports);
    const failure = await failureToStart(server, options, ports);
    if (failure === undefined) return describe(server, options, ports);
    await server.stop();
    if (attempt < ATTEMPTS && hasLostPort(server, failure)) continue;
    throw serverUnavailable(
      `The Temporal dev server ${options.binary} did not start: ${failure}. Its last output:\n` +
        (server.output() || '(none)'),
    );
  }
}

/** How a Go program ends that panics. */
const PANIC = 'it ended with exit code 2';

/**
 * Between choosing a port and binding it, another process may take it. Of our ports the server says so; of those that it chooses for its own
 * services, it may panic, with more lines than are kept.
 */
function hasLostPort(server: OwnedProcess, failure: string): boolean {
  return failure === PANIC || /address already in use/i.test(server.output());
}

async function choosePorts(options: DevServerOptions): Promise<Ports> {
  // Checked first: a process that already listens there, such as another Temporal server, would answer instead of this one.
  const ports = [
    ['--port', options.port] as const,
    ['--ui-port', options.headless ? undefined : options.uiPort] as const,
  ];
  for (const [option, port] of ports) {
    if (port === undefined || (await isFree(port))) continue;
    const what = option === '--port' ? 'The Temporal dev server' : 'The Web UI of the Temporal dev server';
    throw serverUnavailable(
      `${what} cannot listen on 127.0.0.1:${port}: the port is in use. Choose another one with ${option} (0: a free one), ` +
        `or stop what listens there.`,
    );
  }
  const port = options.port ?? (await freePort());
  return { port, uiPort: options.headless ? undefined : (options.uiPort ?? (await freePort())) };
}

async function spawnServer(options: DevServerOptions, ports: Ports): Promise<OwnedProcess> {
  const { binary, dbFilename, metricsPort, namespace = 'default', log } = options;
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    `${ports.port}`,
    '--namespace',
    namespace,
  ];
  args.push(...(ports.uiPort === undefined ? ['--headless'] : ['--ui-port', `${ports.uiPort}`]));
  if (dbFilename !== undefined) args.push('--db-filename', resolve(dbFilename));
  if (metricsPort !== undefined) args.push('--metrics-port', `${metricsPort}`);
  args.push('--log-level', 'warn');
  try {
    return await spawnOwned({ command: binary, args, ...(log && { onLine: log }) });
  } catch (error) {
    throw serverUnavailable(`The Temporal CLI ${binary} cannot be run: ${(error as Error).message}.`, error);
  }
}

/** Undefined once the frontend answers for the namespace. */
async function failureToStart(
  server: OwnedProcess,
  options: DevServerOptions,
  { port }: Ports,
): Promise<string | undefined> {
  const ended = server.ended.then((how) => `it ended with ${how}`);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  // Short attempts first: closing a connection does not cancel its pending wait, which would keep this process alive.
  for (let timeout = 1_000; Date.now() < deadline; timeout *= 2) {
    const answer = answers(`127.0.0.1:${port}`, options.namespace ?? 'default', timeout);
    const outcome = await Promise.race([ended, answer]);
    if (outcome === true) return undefined;
    if (outcome !== false) return outcome;
  }
  return `no answer on port ${port} within ${READY_TIMEOUT_MS / 1000} s`;
}

async function answers(address: string, namespace: string, timeout: number): Promise<boolean> {
  const connection = Connection.lazy({
    address,
    connectTimeout: timeout,
    // The first calls are refused while the server boots; the default backoff would add a second or more.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 200 },
  });
  try {
    await connection.ensureConnected();
    await connection.withDeadline(Date.now() + timeout, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

function describe(server: OwnedProcess, options: DevServerOptions, ports: Ports): DevServer {
  server.unref();
  return {
    address: `127.0.0.1:${ports.port}`,
    ...(ports.uiPort !== undefined && { uiUrl: `http://127.0.0.1:${ports.uiPort}` }),
    namespace: options.namespace ?? 'default',
    pid: server.pid,
    // Without a file there is no state to save, and a graceful stop takes seconds.
    close: () => (options.dbFilename === undefined ? server.kill() : server.stop()),
  };
}

/** A port of 127.0.0.1 that is free now; another process may take it before it is used. */
export async function freePort(): Promise<number> {
  return (await tryListen(0))!;
}

export async function isFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

async function tryListen(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? address?.port : undefined;
}
