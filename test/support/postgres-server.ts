import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { spawnOwned } from '../../src/dev/owned-process';
import { installByApt } from './install-by-apt';

const INSTALLED = '/usr/lib/postgresql';
const START_MS = 30_000;
const NEW_CLUSTER = ['--username=owner', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];

export interface PostgresOptions {
  /** Further settings of the server, as `name=value`. */
  readonly settings?: readonly string[];
  /** Lines of pg_hba.conf before those that let roles of this machine in with a password. */
  readonly access?: readonly string[];
  /** Files for the server, by name in its folder, with their content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A PostgreSQL server of the test's own, on 127.0.0.1 with passwords, and on a Unix socket for the superuser `owner`. */
export interface PostgresServer {
  readonly port: number;
  /** Folder of the socket. */
  readonly socket: string;
  /** Runs SQL as the superuser. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = await findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const data = join(folder, 'data');
  const owner = await ownerOf();
  await chown(folder, owner.uid, owner.gid);
  const initdb = as(owner, join(bin, 'initdb'), [`--pgdata=${data}`, ...NEW_CLUSTER]);
  await promisify(execFile)(...initdb, { cwd: folder });
  await writeFile(
    join(data, 'pg_hba.conf'),
    [...(options.access ?? []), 'local all owner trust', 'host all all 127.0.0.1/32 scram-sha-256', ''].join(
      '\n',
    ),
  );
  for (const [name, content] of Object.entries(options.files ?? {})) {
    const path = join(data, name);
    await writeFile(path, content);
    await chown(path, owner.uid, owner.gid);
    await chmod(path, 0o600);
  }
  const port = await freePort();
  const address = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`];
  const settings = [...address, 'fsync=off', 'autovacuum=off', ...(options.settings ?? [])];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const [command, args] = as(owner, join(bin, 'postgres'), ['-D', data, ...flags]);
  const server = await spawnOwned({ command, args, cwd: folder });
  const client = await connect({ host: folder, port }, () => server.output());
  return {
    port,
    socket: folder,
    sql: async (text) => {
      const result: unknown = await client.query(text);
      const last = Array.isArray(result)
        ? (result as { rows: Record<string, unknown>[] }[]).at(-1)
        : undefined;
      return last ? last.rows : (result as { rows: Record<string, unknown>[] }).rows;
    },
    close: async () => {
      await client.end();
      // A fast shutdown; SIGTERM would wait for all sessions.
      process.kill(server.pid, 'SIGINT');
      await server.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `POSTGRES_BIN`, that of Debian's newest package, or that package installed now. */
async function findPrograms(): Promise<string> {
  const named = process.env['POSTGRES_BIN'];
  if (named !== undefined) return named;
  const isInstalled = () => existsSync(INSTALLED) && readdirSync(INSTALLED).some(hasServer);
  await installByApt({
    name: 'PostgreSQL',
    package: 'postgresql',
    how: 'Set POSTGRES_BIN to the folder of its programs, or install it as root:',
    isInstalled,
  });
  const versions = (await readdir(INSTALLED)).filter(hasServer).toSorted((a, b) => Number(b) - Number(a));
  return join(INSTALLED, versions[0]!, 'bin');
}

const hasServer = (version: string) => existsSync(join(INSTALLED, version, 'bin', 'initdb'));

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const idOf = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout);

/** The server refuses to run as root. */
async function ownerOf(): Promise<Owner> {
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  if (uid !== 0) return { uid, gid };
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

function as({ uid, gid }: Owner, command: string, args: readonly string[]): [string, string[]] {
  return process.getuid!() === 0
    ? ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', command, ...args]]
    : [command, [...args]];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connect(
  address: { readonly host: string; readonly port: number },
  output: () => string,
): Promise<Client> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const client = new Client({ ...address, user: 'owner', database: 'postgres' });
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${output()}`, { cause: error });
      await delay(50);
    }
  }
}
