import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type TestStore, startAzure, startS3 } from '../../support/object-stores';
import { until } from '../../support/until';
import { Machine } from './rooted';
import { type Proxy, startProxy } from '../../support/store-proxy';

const SOURCES = resolve(__dirname, '../../../dist/sources');

/** Reads with the built package, as a worker does. Arguments: the configuration of the source, its options, the request. */
const PROGRAM = `
  const [config, options, request] = process.argv.slice(1).map((text) => JSON.parse(text));
  const secrets = { resolve: async (reference) => process.env[reference.slice('env:'.length)] };
  require(${JSON.stringify(SOURCES)}).openSource(config, { ...options, secrets }).then((source) => source.extract(request));`;

describe.each([
  ['Amazon S3', startS3],
  ['Azure Blob Storage', () => startAzure()],
])('a worker that is killed while it reads from %s', (_, start) => {
  let store: TestStore;
  let proxy: Proxy;
  let machine: Machine;
  let worker: ChildProcess | undefined;

  beforeAll(async () => {
    store = await start();
    await store
      .at(store.url)
      .put('kill/customers.csv', 'id,Email\n1,a@nordlichtpost.de\n2,b@nordlichtpost.de\n');
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());
  beforeEach(async () => {
    proxy = await startProxy(store.url);
    machine = await Machine.make();
  });
  afterEach(async () => {
    worker?.kill('SIGKILL');
    await proxy.close();
    await machine.remove();
  });

  test('leaves no snapshot; the next one is complete, and the copies are deleted after a day', async () => {
    const source = {
      kind: 'files',
      ...store.at(proxy.url).settings('kill'),
      profiles: { path: 'customers.csv', key: 'id' },
      tables: {},
      segments: { all: { sql: 'SELECT id FROM profiles' } },
    };
    const into = join(machine.folder, 'of-the-killed');
    await mkdir(into);
    await mkdir(machine.scratch);
    // All but the end of the last row.
    proxy.weather = ({ isRead }) => (isRead ? { silentAfter: 45 } : 'good');
    const options = { baseFolder: machine.folder, memoryLimit: '128MB', scratch: machine.scratch };
    const request = { attributes: ['Email'], segments: ['all'], into };
    const args = [source, options, request].map((value) => JSON.stringify(value));
    worker = spawn(process.execPath, ['-e', PROGRAM, ...args], { env: process.env, stdio: 'ignore' });
    const left = await until(async () => {
      // Other folders come and go while the source is opened.
      const files = await readdir(machine.scratch, { recursive: true }).catch(() => []);
      const copy = files.find((file) => basename(file).startsWith('object-'));
      return copy !== undefined && join(machine.scratch, dirname(copy));
    });
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    expect(await readdir(into)).toEqual([]);

    proxy.weather = () => 'good';
    expect((await machine.extract(source, ['Email'])).rows).toEqual({
      1: ['a@nordlichtpost.de'],
      2: ['b@nordlichtpost.de'],
    });
    expect(await readdir(machine.scratch)).toHaveLength(1);
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await utimes(left, longAgo, longAgo);
    await machine.extract(source, []);
    expect(await readdir(machine.scratch)).toEqual([]);
  });
});
