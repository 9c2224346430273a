import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FilesSourceInput } from '../../../src';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type TestBucket, type TestStore, startAzure, startS3 } from '../../support/object-stores';
import { AUDIENCE, CROWD, CROWD_MEMBERS, type Stage, openStage, reportOf } from '../../support/stage';
import { until } from '../../support/until';
import { type Proxy, startProxy } from '../../support/store-proxy';

const csv = (rows: readonly (readonly (string | undefined)[])[]) =>
  rows.map((row) => `${row.map((value) => value ?? '').join(',')}\n`).join('');

describe.each([
  ['Amazon S3', startS3],
  ['Azure Blob Storage', startAzure],
])('an export from %s', (_, start) => {
  let store: TestStore;
  let bucket: TestBucket;
  let proxy: Proxy;
  let stage: Stage;

  beforeAll(async () => {
    store = await start();
    bucket = store.at(store.url);
  }, INSTALL_TIMEOUT_MS);
  afterAll(() => store.close());

  beforeEach(async () => {
    stage = await openStage();
    proxy = await startProxy(store.url);
    await putPeople(CROWD);
    await putMembers(CROWD_MEMBERS);
    const source: FilesSourceInput = {
      kind: 'files',
      ...store.at(proxy.url).settings('shop'),
      profiles: { path: 'people/*.csv', key: 'id' },
      segments: {
        vip: { members: { path: 'members.csv', key: 'id', segment: 'segment' } },
        north: { sql: "SELECT id FROM profiles WHERE country = 'Norway' AND id > '000002'" },
      },
    };
    Object.assign(stage.config.sources, { people: source });
  });
  afterEach(async () => {
    await stage.close();
    await proxy.close();
  });

  const putPeople = (people: typeof CROWD) =>
    bucket.put(
      'shop/people/part-0.csv',
      csv([
        ['id', 'email', 'first', 'last', 'country'],
        ...people.map(({ id, email, first, last, country }) => [id, email, first, last, country]),
      ]),
    );
  const putMembers = (members: readonly (readonly string[])[]) =>
    bucket.put('shop/members.csv', csv([['id', 'segment'], ...members]));

  test('sends people with their tags, waits while the store is away, and untags who has left', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      proxy.weather = () => ({ status: 503 });
      const handle = await stage.client.start(stage.destinationId);
      await until(async () => inspect(await stage.progress(), { depth: 9 }).includes('SOURCE_UNAVAILABLE'));
      const waiting = inspect(await stage.progress(), { depth: 9 });
      expect(waiting).not.toMatch(/test-key|test-id|Eby8vdM02|[Ss]ignature/);
      proxy.weather = () => 'good';
      expect(await reportOf(handle)).toMatchObject({
        status: 'completed',
        outcomes: { created: CROWD.length },
      });
      await putMembers(CROWD_MEMBERS.filter(([id]) => id !== '000001'));
      expect(await stage.export()).toMatchObject({ status: 'completed' });
    });
    expect(stage.sandbox.state(AUDIENCE)).toMatchObject({
      members: CROWD.length,
      tags: { VIP: 1, North: 6 },
    });
  });
});
