import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { ContainerSASPermissions } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkerConfigSchema } from '../../../src/config/config';
import { configuredStore, configuredStoreToRead } from '../../../src/plugin/configured-store';
import { secretResolver } from '../../../src/config/secrets';
import type { StagingStore } from '../../../src/ports/staging-store';
import { openStaging, openStagingToRead } from '../../../src/staging';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import {
  BUCKET,
  clientOf,
  containerOf,
  startAzure,
  startS3,
  type TestStore,
} from '../../support/object-stores';
import { type Proxy, startProxy, type Weather } from '../../support/store-proxy';
import { errorOf } from '../../sources/files/fixture';

const KEY = 'destinations/one/exports/e-1/plan.json';
/** More than a part. */
const LARGE = 'line of a file\n'.repeat(600_000);
const EARLIER = LARGE.toUpperCase();
const SECRETS = /test-key|test-id|Eby8vdM02|Signature|sig=/;

const createsLast = ({ method, url }: { method: string; url: string }): boolean =>
  (method === 'PUT' && url.includes('comp=blocklist')) || (method === 'POST' && url.includes('uploadId='));
const creates = ({ method, url }: { method: string; url: string }): boolean =>
  createsLast({ method, url }) || (method === 'PUT' && !/[?&](partNumber=|comp=block&)/.test(url));

describe.each([
  ['Amazon S3', startS3],
  ['Azure Blob Storage', () => startAzure()],
])('staging on %s', (_, start) => {
  let server: TestStore;
  let proxy: Proxy;
  let folder: string;
  let prefix: string;
  let store: StagingStore;
  let number = 0;

  beforeAll(async () => {
    server = await start();
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => server.close());
  beforeEach(async () => {
    proxy = await startProxy(server.url);
    folder = await mkdtemp(join(tmpdir(), 'faults-'));
    number += 1;
    prefix = `faults/${number}`;
    store = open();
  });
  afterEach(async () => {
    store.close?.();
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  });

  function config(more: object = {}) {
    const staging = { folder: 'work', ...server.at(proxy.url).staging(prefix), ...more };
    return WorkerConfigSchema.parse({ accounts: {}, sources: {}, staging }).staging;
  }
  const open = (more?: object) => configuredStore(config(more), folder);

  async function file(content: string, name = 'rows'): Promise<string> {
    await mkdir(join(folder, 'work/scratch'), { recursive: true, mode: 0o700 });
    const path = join(folder, 'work/scratch', name);
    await writeFile(path, content);
    return path;
  }

  /** Settings with which a proxy can change headers. */
  async function unsigned(): Promise<object> {
    const { azure } = server.at(proxy.url).staging(prefix);
    if (!azure) return {};
    const expiresOn = new Date(Date.now() + 60 * 60_000);
    const permissions = ContainerSASPermissions.parse('racwdl');
    const url = await containerOf(server.url).generateSasUrl({ expiresOn, permissions });
    process.env['TEST_AZURE_SAS'] = new URL(url).search;
    return { azure: { ...azure, accountKey: undefined, sas: 'env:TEST_AZURE_SAS' } };
  }

  /** Of the first requests that are asked about. */
  function once(weather: Weather, isMeant: (seen: Proxy['seen'][number]) => boolean): void {
    let left = 1;
    proxy.weather = (seen) => (isMeant(seen) && left-- > 0 ? weather : 'good');
  }

  test('a put whose answer was lost is repeated, and knows its own object', async () => {
    once('lost', creates);
    expect(await store.put(KEY, 'ours')).toBe(true);
    once('lost', createsLast);
    expect(await store.put('large', { file: await file(LARGE) })).toBe(true);
    expect(await readFile((await open({ folder: 'other' }).localFile('large')) ?? '', 'utf8')).toBe(LARGE);
  });

  test('a put that never learned its outcome knows its object when it is repeated, and harms none when it is not', async () => {
    let isLost = true;
    proxy.weather = () => (isLost ? 'lost' : 'good');
    expect(await errorOf(store.put(KEY, 'x'))).toMatchObject({ code: 'STAGING_FAILED' });
    isLost = false;
    const other = open();
    expect(await other.put(KEY, 'x')).toBe(false);
    expect(await other.get(KEY)).toBe('x');
    expect(await store.put(KEY, 'x')).toBe(true);
    expect(await store.put(KEY, 'x')).toBe(false);
    other.close?.();
  });

  test('of a large file that comes second nothing stays', async () => {
    let isFirst = true;
    proxy.weather = async (seen): Promise<Weather> => {
      if (!createsLast(seen) || !isFirst) return 'good';
      isFirst = false;
      expect(await open().put('large', { file: await file(EARLIER, 'earlier') })).toBe(true);
      return 'good';
    };
    expect(await store.put('large', { file: await file(LARGE) })).toBe(false);
    expect((await store.get('large')) === EARLIER).toBe(true);
    if (server.kind !== 's3') return;
    const uploads = new ListMultipartUploadsCommand({ Bucket: BUCKET });
    expect((await clientOf(server.url).send(uploads)).Uploads ?? []).toEqual([]);
  });

  test('a store that is busy is asked again; for long, it is an outage that is retried', async () => {
    let left = 2;
    const busy = { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } };
    proxy.weather = () => (left-- > 0 ? busy : 'good');
    expect(await store.put(KEY, 'x')).toBe(true);
    proxy.weather = () => busy;
    const staging = openStaging({ store, memoryLimit: '64MB' });
    expect(await errorOf(staging)).toMatchObject({ code: 'STAGING_FAILED' });
  });

  test('a request that the store leaves undecided is sent again, a large one from its first part on', async () => {
    const undecided = { status: 409, body: '<Error><Code>ConditionalRequestConflict</Code></Error>' };
    const dropped = { status: 400, headers: { 'x-ms-error-code': 'InvalidBlockList' } };
    once(server.kind === 's3' ? undecided : 'good', creates);
    expect(await store.put(KEY, 'x')).toBe(true);
    once(server.kind === 's3' ? undecided : dropped, createsLast);
    expect(await store.put('large', { file: await file(LARGE) })).toBe(true);
    expect((await store.head('large'))?.size).toBe(LARGE.length);
  });

  test('a file whose connection is lost is fetched from where it was, and a text as a whole', async () => {
    await store.put('large', { file: await file(LARGE) });
    await store.put(KEY, 'x'.repeat(100_000));
    once({ cutAfter: 1_000_000 }, ({ isRead }) => isRead);
    expect(await readFile((await open({ folder: 'other' }).localFile('large')) ?? '', 'utf8')).toBe(LARGE);
    once({ cutAfter: 1000 }, ({ isRead }) => isRead);
    expect(await store.get(KEY)).toHaveLength(100_000);
  });

  test('a copy that is lost or damaged is fetched again, by any process', async () => {
    await store.put('rows', { file: await file('rows') });
    const path = (await store.localFile('rows')) ?? '';
    expect(reads()).toBe(0);
    await rm(path);
    expect(await readFile((await store.localFile('rows')) ?? '', 'utf8')).toBe('rows');
    expect(reads()).toBe(1);
    await writeFile(path, 'damaged');
    expect(await readFile((await open().localFile('rows')) ?? '', 'utf8')).toBe('rows');
    expect(reads()).toBe(2);
    await store.delete('rows');
    expect(existsSync(path)).toBe(false);
  });
  const reads = () => proxy.seen.filter(({ isRead }) => isRead).length;

  test('an object that another program has written, or changed, is not used', async () => {
    await server.at(server.url).put(`${prefix}/${KEY}`, '{}');
    expect(await errorOf(store.get(KEY))).toMatchObject({ code: 'STAGING_CORRUPT' });
    expect(await errorOf(store.localFile(KEY))).toMatchObject({ code: 'STAGING_CORRUPT' });
  });

  test('to read a store, a command asks only what is there, and writes nothing into the folder', async () => {
    const writer = await openStaging({ store, memoryLimit: '64MB' });
    await writer.recordConsent('one', { agreedBy: 'tester' });
    await store.put('rows', { file: await file('rows') });
    await rm(join(folder, 'work'), { recursive: true });
    proxy.seen.length = 0;
    const reading = configuredStoreToRead(config(), folder);
    expect((await openStagingToRead({ store: reading, memoryLimit: '64MB' }))?.storeId).toBe(writer.storeId);
    expect(await readFile((await reading.localFile('rows')) ?? '', 'utf8')).toBe('rows');
    expect(proxy.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    reading.close?.();
    await writer.close();
  });

  test('a store that ignores the condition, of one request or of the last of several, or lists late, is refused', async () => {
    for (const isMeant of [creates, createsLast]) {
      proxy.weather = (seen) => {
        if (isMeant(seen)) delete seen.headers['if-none-match'];
        return 'good';
      };
      const error = await errorOf(openStaging({ store: open(await unsigned()), memoryLimit: '64MB' }));
      expect(error).toMatchObject({
        code: 'STAGING_STORE_UNSAFE',
        message: expect.stringContaining('If-None-Match'),
      });
    }
    const [isList, body] =
      server.kind === 's3'
        ? [/list-type/, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>']
        : [/comp=list/, '<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>'];
    once({ status: 200, body, headers: { 'content-type': 'application/xml' } }, ({ url }) =>
      isList.test(url),
    );
    expect(await errorOf(openStaging({ store, memoryLimit: '64MB' }))).toMatchObject({
      code: 'STAGING_STORE_UNSAFE',
      message: expect.stringContaining('lists objects some time after'),
    });
    proxy.weather = () => 'good';
    expect(await store.list('')).toEqual([]);
    await (await openStaging({ store, memoryLimit: '64MB' })).close();
    expect(await store.list('')).toEqual(['store.json']);
  });

  test('what the identity may not do, or is not there, is said without a secret, and tried again', async () => {
    proxy.weather = () => ({
      status: 403,
      body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>key test-key</Message></Error>',
      headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' },
    });
    const denied = await errorOf(store.put(KEY, 'x'));
    proxy.weather = () => 'good';
    proxy.rewrite = (url) => url.replace(BUCKET, 'no-such-place');
    const missing = await errorOf(open().put(KEY, 'x'));
    expect(denied).toMatchObject({
      code: 'STAGING_FAILED',
      message: expect.stringMatching(/s3:PutObject|Contributor/),
    });
    expect(missing.code).toBe('STAGING_FAILED');
    for (const error of [denied, missing]) expect(error.message).not.toMatch(SECRETS);
  });

  test('a secret that was replaced works at the next request', async () => {
    // azurite compares signatures; moto takes any, so the proxy refuses the former id.
    const name = server.kind === 's3' ? 'TEST_S3_ID' : 'TEST_AZURE_KEY';
    const right = process.env[name];
    const former = Buffer.from('a former one').toString('base64');
    process.env[name] = former;
    const refused = { status: 403, body: '<Error><Code>InvalidAccessKeyId</Code></Error>' };
    proxy.weather = ({ headers }) => (headers.authorization?.includes(former) ? refused : 'good');
    try {
      expect(await errorOf(store.get(KEY))).toMatchObject({ code: 'STAGING_FAILED' });
    } finally {
      process.env[name] = right;
    }
    expect(await store.get(KEY)).toBeUndefined();
  });

  test('a keeper of secrets that was away for a moment is asked again', async () => {
    const kept = secretResolver(folder);
    let isAway = true;
    const resolve = async (reference: string) => {
      if (isAway) throw new Error('The keeper does not answer');
      return kept.resolve(reference);
    };
    const patient = configuredStore(config(), folder, { resolve });
    await expect(patient.get(KEY)).rejects.toThrow('The keeper does not answer');
    isAway = false;
    expect(await patient.get(KEY)).toBeUndefined();
    patient.close?.();
  });

  test('what a gateway before the store answers is not taken for an object that is absent, nor for a list of nothing', async () => {
    await store.put(KEY, 'x');
    proxy.weather = () => ({ status: 404, body: '<html><body>not found</body></html>' });
    const asks = [
      () => store.get(KEY),
      () => store.head(KEY),
      () => store.localFile(KEY),
      () => store.list('destinations/'),
      () => store.delete(KEY),
    ];
    for (const ask of asks)
      expect(await errorOf(ask())).toMatchObject({
        code: 'STAGING_FAILED',
        message: expect.stringContaining('gateway'),
      });
    proxy.weather = () => ({ status: 200, body: '<html><body>please sign in</body></html>' });
    expect((await errorOf(store.list('destinations/'))).code).toMatch(/STAGING_FAILED|UNEXPECTED/);
    proxy.weather = () => 'good';
    expect(await store.get(KEY)).toBe('x');
    expect(await store.head(`${KEY}-of-none`)).toBeUndefined();
    expect(await store.put('empty', '')).toBe(true);
    expect((await store.head('empty'))?.size).toBe(0);
    const { s3, azure } = server.at(proxy.url).staging(prefix);
    const missing = s3
      ? { s3: { ...s3, bucket: 'no-such-place' } }
      : { azure: { ...azure, container: 'no-such-place' } };
    expect(await errorOf(open(missing).head(KEY))).toMatchObject({
      code: 'STAGING_FAILED',
      message: expect.stringMatching(/does not exist .*(bucket|container)/),
    });
  });
});
