import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { StagingInput } from '../../src/config/config';
import { cacheFolder, cachedExecutable, fillEntry } from '../../src/dev/cache';
import { withLock } from '../../src/dev/lock';
import { spawnOwned } from '../../src/dev/owned-process';
import { runTool } from '../../src/dev/run-tool';
import { INSTALL_TIMEOUT_MS, installByApt } from './install-by-apt';
import { until } from './until';

/** A store of objects in a process of its own: what tests write to it, and how a source is configured to read it. */
export interface TestStore {
  readonly kind: 's3' | 'azure';
  /** Where it listens. */
  readonly url: string;
  /** With this port in place of its own: for a proxy before it. */
  at(url: string): TestBucket;
  close(): Promise<void>;
}

/** A bucket or container. */
export interface TestBucket {
  /** Settings of a source. @param prefix below the bucket */
  settings(prefix?: string): {
    readonly root: string;
    readonly storage: Record<string, string>;
  };
  /** Settings of staging. @param prefix below the bucket */
  staging(prefix: string): Pick<StagingInput, 's3' | 'azure'>;
  put(key: string, content: string | Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Secrets of the emulators, which are in their documentation, by the variables that settings name. */
const SECRETS = {
  TEST_AZURE_KEY: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  TEST_S3_ID: 'test-id',
  TEST_S3_KEY: 'test-key',
};
export const ACCOUNT = 'devstoreaccount1';
export const BUCKET = 'warehouse';

/** Amazon S3 as moto has it (PyPI). */
export async function startS3(): Promise<TestStore> {
  Object.assign(process.env, SECRETS);
  const python = await installed('moto-5.2.5', 'bin/moto_server', async (folder) => {
    await installByApt({
      name: 'Python',
      package: 'python3-venv',
      how: 'Install Python 3 with venv, as root:',
      isInstalled: () => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0,
    });
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'moto[s3,server]==5.2.5']);
  });
  const port = await freePort();
  const args = ['-c', ONE_BY_ONE, '--host', '127.0.0.1', '--port', String(port)];
  const server = await spawnOwned({ command: join(python, 'bin/python'), args });
  return answering(`http://127.0.0.1:${port}`, () => server.kill());
}

/** Amazon S3 as the Versity S3 Gateway has it, over a folder (Go). */
export async function startVersityGateway(): Promise<TestStore> {
  Object.assign(process.env, SECRETS);
  const entry = await installed('versitygw-1.8.0', 'versitygw', (folder) =>
    run('go', ['install', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'], { GOBIN: folder }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'versitygw-'));
  const address = `127.0.0.1:${await freePort()}`;
  const server = await spawnOwned({
    command: join(entry, 'versitygw'),
    args: ['--port', address, 'posix', folder],
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: SECRETS.TEST_S3_ID,
      ROOT_SECRET_KEY: SECRETS.TEST_S3_KEY,
    },
  });
  return answering(`http://${address}`, async () => {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  });
}

/** A server of S3 with its bucket, once it answers. */
async function answering(url: string, stop: () => Promise<void>): Promise<TestStore> {
  const client = clientOf(url);
  await until(
    () => client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch(() => undefined),
    START_MS,
  );
  return {
    kind: 's3',
    url,
    at: s3Bucket,
    close: async () => {
      client.destroy();
      await stop();
    },
  };
}

/** It looks at a condition, and then creates the object: without a lock between them, two requests at once could both be first. */
const ONE_BY_ONE = `
import threading, moto.server as server
run, lock = server.run_simple, threading.Lock()
def run_one_by_one(host, port, app, **options):
    def locked(environ, start_response):
        with lock:
            return app(environ, start_response)
    return run(host, port, locked, **options)
server.run_simple = run_one_by_one
server.main()`;

const START_MS = 60_000;

export function clientOf(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: SECRETS.TEST_S3_ID, secretAccessKey: SECRETS.TEST_S3_KEY },
  });
}

function s3Bucket(endpoint: string): TestBucket {
  const client = clientOf(endpoint);
  return {
    settings: (prefix = '') => ({
      root: `s3://${BUCKET}/${prefix}`,
      storage: { endpoint, accessKeyId: 'env:TEST_S3_ID', secretAccessKey: 'env:TEST_S3_KEY' },
    }),
    staging: (prefix) => ({
      s3: {
        bucket: BUCKET,
        prefix,
        endpoint,
        accessKeyId: 'env:TEST_S3_ID',
        secretAccessKey: 'env:TEST_S3_KEY',
      },
    }),
    put: async (Key, content) => {
      // A length is known of bytes only.
      const Body = Buffer.from(content);
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    },
    remove: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }))),
  };
}

/** Azure Blob Storage as azurite has it (npm). @param tls files of a certificate; with it, tokens of Microsoft Entra are taken too */
export async function startAzure(tls?: { readonly cert: string; readonly key: string }): Promise<TestStore> {
  Object.assign(process.env, SECRETS);
  const entry = await installed('azurite-3.35.0', 'node_modules/.bin/azurite-blob', (folder) =>
    run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', 'azurite@3.35.0']),
  );
  const folder = await mkdtemp(join(tmpdir(), 'azurite-'));
  const port = await freePort();
  const address = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder];
  const args = [
    join(entry, 'node_modules/azurite/dist/src/blob/main.js'),
    ...address,
    '--silent',
    '--skipApiVersionCheck',
    '--disableTelemetry',
    ...(tls ? ['--cert', tls.cert, '--key', tls.key, '--oauth', 'basic'] : []),
  ];
  const server = await spawnOwned({ command: process.execPath, args, cwd: folder });
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const ca = tls && (await readFile(tls.cert, 'utf8'));
  const container = containerOf(url, ca);
  await until(() => container.createIfNotExists().catch(() => undefined), START_MS);
  return {
    kind: 'azure',
    url,
    at: (url) => azureBucket(url, ca),
    close: async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param ca certificate that it is to trust */
export function containerOf(url: string, ca?: string): ContainerClient {
  const credential = new StorageSharedKeyCredential(ACCOUNT, SECRETS.TEST_AZURE_KEY);
  // The type does not have what the pipeline takes.
  const options: object = { tlsOptions: { ca } };
  return new ContainerClient(`${url}/${ACCOUNT}/${BUCKET}`, credential, options);
}

function azureBucket(url: string, ca: string | undefined): TestBucket {
  const container = containerOf(url, ca);
  return {
    settings: (prefix = '') => ({
      root: `az://${ACCOUNT}/${BUCKET}/${prefix}`,
      storage: { endpoint: `${url}/${ACCOUNT}`, accountKey: 'env:TEST_AZURE_KEY' },
    }),
    staging: (prefix) => ({
      azure: {
        account: ACCOUNT,
        container: BUCKET,
        prefix,
        endpoint: `${url}/${ACCOUNT}`,
        accountKey: 'env:TEST_AZURE_KEY',
      },
    }),
    put: async (key, content) => {
      await container.getBlockBlobClient(key).uploadData(Buffer.from(content));
    },
    remove: async (key) => void (await container.deleteBlob(key)),
  };
}

type Install = (folder: string) => Promise<void>;

/** Folder of a program in the cache, where it is installed unless it is there. @param executable that shows that it is complete */
async function installed(name: string, executable: string, install: Install): Promise<string> {
  const entry = { cache: cacheFolder(process.env), name, executable };
  await mkdir(entry.cache, { recursive: true });
  if (cachedExecutable(entry) === undefined) {
    await withLock(
      join(entry.cache, `${name}.lock`),
      () => report(`Another test installs ${name}; waiting for it …`),
      async () => {
        if (cachedExecutable(entry) === undefined) await fillEntry(entry, install);
      },
    );
  }
  return join(entry.cache, name);
}

const report = (line: string) => void process.stdout.write(`${line}\n`);

function run(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<void> {
  report(`Installing: ${command} ${args.join(' ')}`);
  const env = { ...process.env, ...variables };
  return runTool({ command, args, env, timeoutMs: INSTALL_TIMEOUT_MS, report });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
