import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WorkerConfigSchema } from '../../../src/config/config';
import { configuredStore } from '../../../src/plugin/configured-store';
import { copyConfiguredStore, type CopyBetween } from '../../../src/plugin/copy-configured-store';
import { openStaging, readStore } from '../../../src/staging';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { startS3, type TestStore } from '../../support/object-stores';
import { type Proxy, startProxy } from '../../support/store-proxy';
import { until } from '../../support/until';
import { baselineOf, exportAll, openStage, type Stage, stageOf } from '../stage';

const BUILT = resolve(__dirname, '../../../dist/plugin/copy-configured-store.js');
const PEOPLE = Array.from({ length: 500 }, (_, index) => ({
  key: String(index),
  email: `person${index}@mail.test`,
  first: `First ${index}`,
  segments: ['vip'],
}));

let server: TestStore;
let proxy: Proxy;
let stage: Stage;
beforeAll(async () => {
  server = await startS3();
}, INSTALL_TIMEOUT_MS);
afterAll(() => server.close());
beforeEach(async () => {
  stage = await openStage();
  proxy = await startProxy(server.url);
});
afterEach(async () => {
  await proxy.close();
  await stage.close();
});

const stagingOf = (staging: object) =>
  WorkerConfigSchema.parse({ accounts: {}, sources: {}, staging }).staging;

test('a copy of a folder to S3 whose process is killed is no store; repeated, it copies the rest, and exports go on there', async () => {
  const first = await exportAll(stage, PEOPLE);
  const second = await exportAll(stage, PEOPLE, { after: first });
  const inBucket = stagingOf({
    folder: join(stage.folder, '../machine'),
    ...server.at(proxy.url).staging('copy'),
  });
  const baseFolder = stage.folder;
  const between: CopyBetween = {
    from: { staging: stagingOf({ folder: stage.folder }), baseFolder },
    to: { staging: inBucket, baseFolder },
  };
  const created = () =>
    proxy.seen.filter(({ method, url }) => method === 'PUT' && url.includes('/destinations/')).length;

  const program = `require(${JSON.stringify(BUILT)}).copyConfiguredStore(${JSON.stringify(between)}, { baselines: [] })`;
  const killed = spawn(process.execPath, ['-e', program], {
    env: { ...process.env },
    stdio: 'inherit',
  });
  await until(() => Promise.resolve(created() >= 10));
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const before = created();
  const open = () => configuredStore(inBucket, baseFolder);
  expect(await readStore(open())).toBeUndefined();
  await expect(openStaging({ store: open(), memoryLimit: '256MB' })).rejects.toMatchObject({
    code: 'STAGING_STORE_UNSAFE',
  });

  const baselines = [second.ref];
  const copied = await copyConfiguredStore(between, { baselines });
  expect(created() - before).toBeLessThan(copied.objects);
  expect(await copyConfiguredStore(between, { baselines })).toMatchObject({ to: copied.to, changed: 0 });
  await expect(stage.staging.claim(stage.newExport())).rejects.toMatchObject({
    code: 'STORE_MOVED',
    message: expect.stringContaining('s3://warehouse/copy'),
  });

  const store = open();
  const staging = await openStaging({ store, memoryLimit: '256MB' });
  try {
    expect(staging.storeId).toBe(copied.to);
    const moved = stageOf(staging, stage.folder);
    const changed = PEOPLE.map((one) => (one.key === '7' ? { ...one, first: 'Ada' } : one));
    const next = await exportAll(moved, changed, { after: second });
    expect(next.settlement.outcomes).toMatchObject({ unchanged: PEOPLE.length - 1, updated: 1, created: 0 });
  } finally {
    await staging.close();
    store.close?.();
  }

  // And back to a folder.
  const back = join(stage.folder, '../back');
  await copyConfiguredStore(
    { from: between.to, to: { staging: stagingOf({ folder: back }), baseFolder } },
    { baselines },
  );
  expect(await baselineOf({ ...stage, folder: back }, second)).toEqual(await baselineOf(stage, second));
}, 300_000);
