import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { type DevServer, type DevServerOptions, startDevServer } from '../../src/dev/dev-server';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { fakeExecutable } from './fake-executable';
import { isAlive, until } from './until';

let binary: string;
let folder: string;
let servers: DevServer[];

beforeAll(async () => {
  binary = await findTemporalBinary();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-server-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Omit<DevServerOptions, 'binary'>): Promise<DevServer> {
  const server = await startDevServer({ binary, ...options });
  servers.push(server);
  return server;
}

async function withClient<T>(server: DevServer, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new Client({ connection, namespace: server.namespace }));
  } finally {
    await connection.close();
  }
}

test('a started server accepts workflows immediately, in the requested namespace', async () => {
  const server = await start({ headless: true, namespace: 'shop' });
  expect(server.namespace).toBe('shop');
  const handle = await withClient(server, (client) =>
    client.workflow.start('unknown', { workflowId: 'one', taskQueue: 'empty' }),
  );
  expect(handle.workflowId).toBe('one');
});

test('the Web UI answers at its address, and a headless server has none', async () => {
  const [withUi, headless] = await Promise.all([start({}), start({ headless: true })]);
  expect((await fetch(withUi.uiUrl!)).status).toBe(200);
  expect(headless.uiUrl).toBeUndefined();
});

test('workflows are still there after a restart on the same database file', async () => {
  const dbFilename = join(folder, 'made', 'temporal.db');
  const first = await start({ headless: true, dbFilename });
  await withClient(first, (client) =>
    client.workflow.start('unknown', { workflowId: 'kept', taskQueue: 'empty' }),
  );
  await first.close();
  expect(existsSync(dbFilename)).toBe(true);
  expect(statSync(dirname(dbFilename)).mode & 0o777).toBe(0o700);

  const second = await start({ headless: true, dbFilename });
  const description = await withClient(second, (client) => client.workflow.getHandle('kept').describe());
  expect(description.status.name).toBe('RUNNING');
});

test.each([{}, { dbFilename: 'temporal.db' }])(
  'a closed server has ended, and closing it again is harmless',
  async (options) => {
    const dbFilename = options.dbFilename && join(folder, options.dbFilename);
    const server = await start({ headless: true, ...(dbFilename && { dbFilename }) });
    expect(isAlive(server.pid)).toBe(true);
    await server.close();
    expect(isAlive(server.pid)).toBe(false);
    await server.close();
  },
);

test('a port in use is refused instead of connecting to the process that listens there', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await expect(start({ headless: true, port })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringContaining(`127.0.0.1:${port}: the port is in use`),
  });
  other.close();
});

test.each([
  ['says so', `echo 'bind: address already in use' >&2; exit 1`],
  ['panics', `echo 'goroutine 1 [running]:' >&2; exit 2`],
])('a server that loses a port to another process, and %s, is started again', async (_, ends) => {
  const state = join(folder, 'tried');
  const unlucky = fakeExecutable(
    folder,
    'temporal',
    `if [ ! -e "${state}" ]; then touch "${state}"; ${ends}; fi; exec "${binary}" "$@"`,
  );
  const server = await startDevServer({ binary: unlucky, headless: true });
  servers.push(server);
  expect(existsSync(state)).toBe(true);
});

test('a server that ends at start is an error with its last output', async () => {
  const broken = fakeExecutable(folder, 'temporal', 'echo "no such flag: --ip" >&2; exit 3');
  await expect(startDevServer({ binary: broken })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringMatching(/exit code 3[^]*no such flag: --ip/),
  });
});

test('a binary that cannot be run is an error that names it', async () => {
  await expect(startDevServer({ binary: join(folder, 'absent') })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringContaining(join(folder, 'absent')),
  });
});

async function startInProcess(then: 'wait' | 'end') {
  const args = [resolve(__dirname, 'run-ts.cjs'), resolve(__dirname, 'start-and-wait.ts'), binary, then];
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  return { parent, serverPid: Number(line) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'the server ends after its parent dies of %s',
  async (signal) => {
    const { parent, serverPid } = await startInProcess('wait');
    expect(isAlive(serverPid)).toBe(true);
    parent.kill(signal);
    await until('the server is gone', () => !isAlive(serverPid));
  },
);

test('the server does not keep its parent alive, and ends after it', async () => {
  const { parent, serverPid } = await startInProcess('end');
  if (parent.exitCode === null) await once(parent, 'exit');
  expect(parent.exitCode).toBe(0);
  await until('the server is gone', () => !isAlive(serverPid));
});
