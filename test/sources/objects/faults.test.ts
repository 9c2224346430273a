import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type TestBucket, type TestStore, startAzure, startS3 } from '../../support/object-stores';
import { until } from '../../support/until';
import { errorOf } from '../files/fixture';
import { Machine } from './rooted';
import { type Proxy, type Weather, startProxy } from '../../support/store-proxy';

const ROWS = 20_000;
const SEGMENTS = { vip: { members: { path: 'vip.csv', key: 'id' } } };

/** Some 800 kB. @param state of all rows, and of the members */
const profiles = (state: string) =>
  `id,Email,State\n${Array.from({ length: ROWS }, (_, id) => `${id},p${id}@nordlichtpost.de,${state}\n`).join('')}`;
const members = (count: number) => `id\n${Array.from({ length: count }, (_, id) => `${id}\n`).join('')}`;

describe.each([
  ['Amazon S3', startS3],
  ['Azure Blob Storage', startAzure],
])('on %s', (_, start) => {
  let store: TestStore;
  let proxy: Proxy;
  let machine: Machine;
  let bucket: TestBucket;
  let prefix: string;
  let number = 0;

  beforeAll(async () => {
    store = await start();
    bucket = store.at(store.url);
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());

  beforeEach(async () => {
    proxy = await startProxy(store.url);
    machine = await Machine.make();
    number += 1;
    prefix = `faults/${number}`;
    await put('first', 3);
  });
  afterEach(async () => {
    await proxy.close();
    await machine.remove();
  });

  async function put(state: string, count: number): Promise<void> {
    await bucket.put(`${prefix}/customers.csv`, profiles(state));
    await bucket.put(`${prefix}/vip.csv`, members(count));
  }

  const source = () => ({
    kind: 'files',
    ...store.at(proxy.url).settings(prefix),
    profiles: { path: '*customers.csv', key: 'id' },
    segments: SEGMENTS,
  });
  const version = () => machine.with(source(), async (opened) => opened.version?.({ segments: ['vip'] }));
  const extract = (signal?: AbortSignal) => machine.extract(source(), ['State'], signal);
  const readsOf = (name: string) => proxy.seen.filter(({ url, isRead }) => isRead && url.includes(name));

  test('a connection that is lost in the middle of an object goes on where it was', async () => {
    let cuts = 2;
    proxy.weather = ({ url, isRead }) =>
      isRead && url.includes('customers') && cuts-- > 0 ? { cutAfter: 300_000 } : 'good';
    const { profiles, members, rows } = await extract();
    expect({ profiles, members, rows }).toEqual({
      profiles: ROWS,
      members: [3],
      rows: { 0: ['first'], 1: ['first'], 2: ['first'] },
    });
    const ranges = readsOf('customers').map(({ headers }) => headers.range ?? headers['x-ms-range'] ?? 'all');
    expect(ranges).toHaveLength(3);
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('a connection that is lost again and again without a byte is an outage, and nothing is written', async () => {
    proxy.weather = ({ url, isRead }) => (isRead && url.includes('customers') ? { cutAfter: 0 } : 'good');
    const into = await mkdtemp(join(machine.folder, 'into-'));
    const error = await errorOf(
      machine.with(source(), (opened) => opened.extract({ attributes: ['State'], segments: ['vip'], into })),
    );
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(existsSync(join(into, 'profiles.parquet'))).toBe(false);
  });

  test('a model of a lake of which only a part arrives is an outage, and no smaller model', async () => {
    const model = JSON.stringify({ entities: [{ name: 'Customer', attributes: [{ name: 'CustomerId' }] }] });
    await bucket.put(`${prefix}/model.json`, model);
    const lake = { kind: 'cdm', ...store.at(proxy.url).settings(prefix), segments: {} };
    let arrived = 40;
    proxy.weather = ({ url, isRead }) => {
      if (!isRead || !url.includes('model.json')) return 'good';
      const cutAfter = arrived;
      arrived = 0;
      return { cutAfter };
    };
    expect(await errorOf(machine.extract(lake, []))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  test('credentials that expire in the middle end the reading, and nothing is written', async () => {
    const code = start === startS3 ? 'ExpiredToken' : 'AuthenticationFailed';
    const expired = {
      status: 403,
      body: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`,
      headers: { 'x-ms-error-code': code, 'content-type': 'application/xml' },
    };
    proxy.weather = ({ url, isRead }) => (isRead && url.includes('vip') ? expired : 'good');
    const into = await mkdtemp(join(machine.folder, 'into-'));
    const error = await errorOf(
      machine.with(source(), (opened) => opened.extract({ attributes: ['State'], segments: ['vip'], into })),
    );
    expect(error).toMatchObject({ code: 'SOURCE_UNREADABLE' });
    expect(error.message).toMatch(/not accepted .*not expired/);
    expect(await readdir(into)).toEqual([]);
  });

  test('an object that is replaced between the list and its read is listed and read again', async () => {
    let replaced = false;
    proxy.weather = async ({ url, isRead }): Promise<Weather> => {
      if (isRead && url.includes('customers') && !replaced) {
        replaced = true;
        await put('second', 2);
      }
      return 'good';
    };
    const { members, rows } = await extract();
    expect(members).toEqual([2]);
    expect(rows).toEqual({ 0: ['second'], 1: ['second'] });
  });

  test('an object that is replaced after it was read, while others are, is read again: all rows are of one state', async () => {
    let replaced = false;
    proxy.weather = async ({ url, isRead }): Promise<Weather> => {
      if (isRead && url.includes('vip') && !replaced) {
        replaced = true;
        await bucket.put(`${prefix}/customers.csv`, profiles('second'));
      }
      return 'good';
    };
    expect((await extract()).rows).toMatchObject({ 0: ['second'], 2: ['second'] });
    expect(readsOf('customers')).toHaveLength(2);
  });

  test('an object that a table gains while it is read is read too', async () => {
    let added = false;
    proxy.weather = async ({ url, isRead }): Promise<Weather> => {
      if (isRead && url.includes('customers') && !added) {
        added = true;
        await bucket.put(`${prefix}/more-customers.csv`, 'id,Email,State\nx,x@nordlichtpost.de,more\n');
      }
      return 'good';
    };
    expect((await extract()).profiles).toBe(ROWS + 1);
  });

  test('an object that is replaced each time is refused, and nothing of it is used', async () => {
    let times = 0;
    proxy.weather = async ({ url, isRead }): Promise<Weather> => {
      if (isRead && url.includes('vip')) await bucket.put(`${prefix}/vip.csv`, members(++times + 10));
      return 'good';
    };
    expect(await errorOf(extract())).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('vip.csv was replaced'),
    });
    expect(times).toBe(3);
  });

  test('a store that asks for less (503) for a while is asked again, and the export does not notice', async () => {
    let left = 2;
    proxy.weather = () =>
      left-- > 0 ? { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } } : 'good';
    expect((await extract()).members).toEqual([3]);
    expect(left).toBeLessThan(0);
  });

  test('a cancelled reading ends within two seconds, whether a body is silent or the store is busy', async () => {
    for (const weather of [{ silentAfter: 100_000 }, { status: 503 }] as const) {
      const before = proxy.seen.length;
      proxy.weather = ({ isRead }) => ('status' in weather || isRead ? weather : 'good');
      const cancelling = new AbortController();
      const cancelled = errorOf(extract(cancelling.signal));
      await until(async () => proxy.seen.length > before + ('status' in weather ? 0 : 1));
      const start = performance.now();
      cancelling.abort();
      await cancelled;
      expect(performance.now() - start).toBeLessThan(2000);
    }
  });

  test('the version is asked of lists alone, and another one after each change', async () => {
    const first = await version();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await version()).toBe(first);
    await bucket.put(`${prefix}/vip.csv`, members(3).replace('2', '7'));
    expect(await version()).not.toBe(first);
    expect(proxy.seen.filter(({ isRead }) => isRead)).toEqual([]);
  });

  test('the columns of a large CSV object are seen without the rest of it', async () => {
    const line = `1,${'x'.repeat(990)},first\n`;
    await bucket.put(`${prefix}/customers.csv`, `id,Email,State\n${line.repeat(20_000)}`);
    proxy.weather = ({ isRead }) => (isRead ? { cutAfter: 10_000_000 } : 'good');
    const { attributes } = await machine.with(source(), (opened) => opened.describe());
    expect(attributes).toEqual(['id', 'Email', 'State']);
    expect(readsOf('customers')).toHaveLength(1);
  });

  test('only keys below the prefix are asked for', async () => {
    await extract();
    const wrong = proxy.seen.filter(({ url }) => !decodeURIComponent(url).includes(prefix));
    expect(wrong).toEqual([]);
    for (const path of ['../customers.csv', '/etc/passwd', 's3://other/customers.csv']) {
      const outside = { ...source(), profiles: { path, key: 'id' } };
      expect(await errorOf(machine.extract(outside, []))).toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  test('copies lie in a folder of those that are deleted a day after a process was killed', async () => {
    await mkdir(machine.scratch);
    proxy.weather = ({ isRead }) => (isRead ? { silentAfter: 1000 } : 'good');
    const cancelling = new AbortController();
    const reading = errorOf(extract(cancelling.signal));
    const left = await until(async () => {
      const names = await readdir(machine.scratch);
      return names.length > 0 ? names : undefined;
    });
    expect(left.every((name) => name.startsWith('source-'))).toBe(true);
    cancelling.abort();
    await reading;
  });

  const secrets = /test-key|test-id|Eby8vdM02|Signature|sig=/;

  test('a bucket that does not exist, and an identity that may not read, are refused with what to do', async () => {
    const { root } = store.at(proxy.url).settings(prefix);
    const missing = { ...source(), root: root.replace('warehouse', 'no-such-place') };
    const none = await errorOf(machine.extract(missing, []));
    expect(none).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('does not exist'),
    });
    const body =
      '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>key test-key</Message></Error>';
    proxy.weather = () => ({
      status: 403,
      body,
      headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' },
    });
    const denied = await errorOf(extract());
    expect(denied).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringMatching(/s3:ListBucket|Reader/),
    });
    for (const error of [none, denied]) expect(error.message).not.toMatch(secrets);
  });

  test('a store that is not there is an outage, which is tried again', async () => {
    const gone = source();
    await proxy.close();
    const error = await errorOf(machine.extract(gone, []));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(error.message).not.toMatch(secrets);
    proxy = await startProxy(store.url);
  });
});
