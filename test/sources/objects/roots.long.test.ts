import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ContainerSASPermissions } from '@azure/storage-blob';
import { run } from '../../cli/terminal';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import {
  ACCOUNT,
  BUCKET,
  type TestBucket,
  type TestStore,
  containerOf,
  startAzure,
  startS3,
} from '../../support/object-stores';
import { errorOf } from '../files/fixture';
import { Machine } from './rooted';
import { type Weather, startProxy } from '../../support/store-proxy';

const CSV = 'id,Email\n1,a@nordlichtpost.de\n2,b@nordlichtpost.de\n';
const SEGMENTS = { all: { sql: 'SELECT id FROM profiles' } };

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine.remove());

const keysOf = async (source: object) => Object.keys((await machine.extract(source, [])).rows);

const row = (id: string) => `id\n${id}\n`;

/** A model with one table of one partition. */
function modelOf(location: string): string {
  const attributes = [{ name: 'CustomerId' }];
  return JSON.stringify({ entities: [{ name: 'Customer', attributes, partitions: [{ location }] }] });
}

/** Its only profile is the day. */
async function publish(bucket: TestBucket, day: string): Promise<void> {
  const file = `Export/${day}/Customer_1.csv`;
  await bucket.put(`moved/${file}`, `"${day}"\n`);
  const location = `https://contoso.blob.core.windows.net/customerinsights/${file}`;
  await bucket.put('moved/Export/model.json', modelOf(location));
}

/** A source whose files have any name. */
const anyFiles = (settings: object) => ({
  kind: 'files',
  ...settings,
  profiles: { path: '*', format: 'csv', key: 'id' },
  segments: SEGMENTS,
});

describe.each([
  ['Amazon S3', startS3],
  ['Azure Blob Storage', startAzure],
])('on %s', (_, start) => {
  let store: TestStore;
  let bucket: TestBucket;
  beforeAll(async () => {
    store = await start();
    bucket = store.at(store.url);
    await bucket.put('globs/a1.csv', row('a1'));
    await bucket.put('globs/a2.csv', row('a2'));
    await bucket.put('globs/b.csv', row('b'));
    await bucket.put('globs/x/a1.csv', row('x/a1'));
    await bucket.put('globs/x/y/a3.csv', row('x/y/a3'));
    await bucket.put('globs/.hidden/a4.csv', row('hidden'));
    await bucket.put('globs/_SUCCESS', '');
    await bucket.put('globs/[odd] name=ü.csv', row('odd'));
    await bucket.put('globs2/a9.csv', row('of another prefix'));
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());

  const files = (prefix: string, path: string | string[]) => ({
    kind: 'files',
    ...bucket.settings(prefix),
    profiles: { path, key: 'id' },
    segments: SEGMENTS,
  });

  test.each([
    ['a1.csv', ['a1']],
    ['a*.csv', ['a1', 'a2']],
    ['a[!1].csv', ['a2']],
    ['*/a1.csv', ['x/a1']],
    ['**/a*.csv', ['a1', 'a2', 'x/a1', 'x/y/a3']],
    ['x/**/a?.csv', ['x/a1', 'x/y/a3']],
    ['[odd] name=ü.csv', ['odd']],
  ])('a path like %s finds keys as it finds files', async (path, keys) => {
    expect(await keysOf(files('globs', path))).toEqual(keys.toSorted());
  });

  test('a whole bucket may be the root', async () => {
    expect(await keysOf(files('', 'globs?/a9.csv'))).toEqual(['of another prefix']);
  });

  test('a path that names a folder, or nothing, is refused with what to do', async () => {
    const folder = { ...files('globs', 'x'), profiles: { path: 'x', format: 'csv', key: 'id' } };
    expect(await errorOf(keysOf(folder))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('x is a folder'),
    });
    expect(await errorOf(keysOf(files('globs', 'c*.csv')))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('there is no object c*.csv'),
    });
  });

  test('Parquet, NDJSON and packed CSV are read as from a folder', async () => {
    await bucket.put('formats/p.ndjson', '{"id":"1","Email":"n@nordlichtpost.de"}\n');
    await bucket.put('formats/p.csv.gz', gzipSync(CSV));
    await bucket.put(
      'formats/p.parquet',
      await machine.parquet("SELECT '1' AS id, 'p@nordlichtpost.de' AS Email"),
    );
    for (const [path, rows] of [
      ['p.ndjson', { 1: ['n@nordlichtpost.de'] }],
      ['p.csv.gz', { 1: ['a@nordlichtpost.de'], 2: ['b@nordlichtpost.de'] }],
      ['p.parquet', { 1: ['p@nordlichtpost.de'] }],
    ] as const)
      expect((await machine.extract(files('formats', path), ['Email'])).rows).toEqual(rows);
  });

  test('of a model, a partition that lies outside of the prefix is not read', async () => {
    const address = 'https://contoso.blob.core.windows.net/customerinsights';
    await bucket.put('secret/Customer_1.csv', '"outside"\n');
    await bucket.put('lake/Export/Customer/Customer_1.csv', '"inside"\n');
    const source = {
      kind: 'cdm',
      ...bucket.settings('lake'),
      segments: { all: { sql: 'SELECT CustomerId FROM profiles' } },
    };
    for (const location of [`${address}/../secret/Customer_1.csv`, '/../secret/Customer_1.csv']) {
      await bucket.put('lake/Export/model.json', modelOf(location));
      expect(await errorOf(keysOf(source))).toMatchObject({ code: 'SOURCE_UNREADABLE' });
    }
    const location = `${address}/Export/Customer/Customer_1.csv`;
    await bucket.put('lake/Export/model.json', modelOf(location));
    expect(await keysOf(source)).toEqual(['inside']);
  });

  test('a model that is published again while it is read is read again, also where the earlier partitions are gone', async () => {
    await publish(bucket, '23');
    const proxy = await startProxy(store.url);
    const settings = store.at(proxy.url).settings('moved');
    const source = {
      kind: 'cdm',
      ...settings,
      segments: { all: { sql: 'SELECT CustomerId FROM profiles' } },
    };
    const version = () => machine.with(source, async (opened) => opened.version?.({ segments: ['all'] }));
    const before = await version();
    expect(await version()).toBe(before);
    let moved = false;
    proxy.weather = async ({ url, isRead }): Promise<Weather> => {
      if (isRead && url.includes('Customer_1') && !moved) {
        moved = true;
        await publish(bucket, '24');
        await bucket.remove('moved/Export/23/Customer_1.csv');
      }
      return 'good';
    };
    expect(await keysOf(source)).toEqual(['24']);
    expect(await version()).not.toBe(before);
    await proxy.close();
  });
});

describe('Commands', () => {
  let store: TestStore;
  let config: string;
  beforeAll(async () => {
    store = await startS3();
    await store.at(store.url).put('shop/customers.csv', CSV);
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());

  async function write(change: (text: string) => string = (text) => text): Promise<void> {
    const { root, storage } = store.at(store.url).settings('shop');
    const profiles = { path: '*.csv', key: 'id' };
    const sources = { shop: { kind: 'files', root, storage, profiles, segments: SEGMENTS } };
    config = join(machine.folder, 'temporal-mailchimp.yaml');
    await writeFile(config, change(JSON.stringify({ accounts: {}, sources })));
  }
  const cli = (line: string) => run([...line.split(' '), '--config', config]);

  test('read a source in a bucket as one in a folder', async () => {
    await write();
    expect(await cli('config check')).toMatchObject({ code: 0, errors: '' });
    expect((await cli('source attributes')).output).toBe('id\nEmail\n');
    expect((await cli('source check')).output).toContain('2 profiles with 2 attributes');
    expect((await cli('source preview shop all')).output).toMatch(/1 +a@nordlichtpost.de/);
  });

  test('read a list that comes in pages to its end', async () => {
    const bucket = store.at(store.url);
    for (const part of [1, 2, 3, 4, 5]) await bucket.put(`pages/a${part}.csv`, row(`${part}`));
    const proxy = await startProxy(store.url);
    proxy.rewrite = (url) => url.replace('list-type=2', 'list-type=2&max-keys=2');
    expect(await keysOf(anyFiles(store.at(proxy.url).settings('pages')))).toEqual(['1', '2', '3', '4', '5']);
    expect(proxy.seen.filter(({ url }) => url.includes('continuation-token='))).not.toEqual([]);
    await proxy.close();
  });

  test('config check names a bucket that is missing, and a secret that is not set, once', async () => {
    await write((text) => text.replace('s3://warehouse', 's3://no-such-place'));
    expect((await cli('config check')).errors.match(/s3:\/\/no-such-place does not exist/g)).toHaveLength(1);
    await write((text) => text.replace('env:TEST_S3_KEY', 'env:NOT_SET_HERE'));
    const { code, errors } = await cli('config check');
    expect(code).not.toBe(0);
    expect(errors.match(/sources\.shop: The secret env:NOT_SET_HERE/g)).toHaveLength(1);
  });
});

describe('On Azure', () => {
  let store: TestStore;
  let bucket: TestBucket;
  beforeAll(async () => {
    store = await startAzure();
    bucket = store.at(store.url);
    await bucket.put('p/customers.csv', CSV);
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());

  test('folders of Data Lake Gen2, which are empty blobs, are no files', async () => {
    const folder = containerOf(store.url).getBlockBlobClient('p/folder');
    await folder.upload('', 0, { metadata: { hdi_isfolder: 'true' } });
    await bucket.put('p/folder/inside.csv', 'other\n');
    expect(await keysOf(anyFiles(bucket.settings('p')))).toEqual(['1', '2']);
  });

  test('a blob whose Content-Encoding is gzip is read as it was written', async () => {
    const blob = containerOf(store.url).getBlockBlobClient('encoded/customers.csv');
    await blob.uploadData(gzipSync(CSV), { blobHTTPHeaders: { blobContentEncoding: 'gzip' } });
    expect(await keysOf(anyFiles(bucket.settings('encoded')))).toEqual(['1', '2']);
  });

  async function withSas(permissions: string, address = store.url) {
    const url = await containerOf(store.url).generateSasUrl({
      permissions: ContainerSASPermissions.parse(permissions),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    process.env['TEST_AZURE_SAS'] = new URL(url).search;
    const { root } = bucket.settings('p');
    const source = anyFiles({
      root,
      storage: { endpoint: `${address}/${ACCOUNT}`, sas: 'env:TEST_AZURE_SAS' },
    });
    return { source, signature: new URL(url).searchParams.get('sig') ?? '' };
  }

  test('a SAS that may read and list is enough; without one of both the error names them, and not the signature', async () => {
    expect(await keysOf((await withSas('rl')).source)).toEqual(['1', '2']);
    for (const permission of ['r', 'l']) {
      const { source, signature } = await withSas(permission);
      const error = await errorOf(keysOf(source));
      expect(error).toMatchObject({
        code: 'SOURCE_UNREADABLE',
        message: expect.stringContaining('sp=rl'),
      });
      expect(signature.length).toBeGreaterThan(10);
      expect(JSON.stringify([error, error.message, error.stack])).not.toContain(signature.slice(0, 10));
    }
  });

  test('a list that comes in pages is read to its end', async () => {
    for (const part of [1, 2, 3, 4, 5]) await bucket.put(`pages/a${part}.csv`, row(`${part}`));
    const proxy = await startProxy(store.url);
    // Only a SAS signs no address.
    const { source } = await withSas('rl', proxy.url);
    proxy.rewrite = (url) => url.replace('maxresults=5000', 'maxresults=2');
    const root = `az://${ACCOUNT}/${BUCKET}/pages`;
    expect(await keysOf({ ...source, root })).toEqual(['1', '2', '3', '4', '5']);
    expect(proxy.seen.filter(({ url }) => url.includes('marker='))).not.toEqual([]);
    await proxy.close();
  });

  test('a text that is no SAS is refused before it is sent', async () => {
    const { source } = await withSas('rl');
    process.env['TEST_AZURE_SAS'] = 'https://account.blob.core.windows.net/?sv=1';
    expect(await errorOf(keysOf(source))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('env:TEST_AZURE_SAS is no shared access signature'),
    });
  });

  test('a wrong key of the account is refused', async () => {
    process.env['TEST_WRONG_KEY'] = Buffer.from('wrong').toString('base64');
    const { root, storage } = bucket.settings('p');
    const source = anyFiles({ root, storage: { ...storage, accountKey: 'env:TEST_WRONG_KEY' } });
    expect(await errorOf(keysOf(source))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringMatching(/not accepted|not allowed/),
    });
  });

  test('the address may be as Azure writes it', async () => {
    const { storage } = bucket.settings();
    const host = `${ACCOUNT}.dfs.core.windows.net`;
    for (const root of [`abfss://${BUCKET}@${host}/p`, `https://${host}/${BUCKET}/p`])
      expect(await keysOf(anyFiles({ root, storage }))).toEqual(['1', '2']);
  });
});
