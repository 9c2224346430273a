import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FolderStore, openStaging } from '../../src/staging';
import type { Staging } from '../../src/ports/staging';
import type { StagingStore } from '../../src/ports/staging-store';
import { replaceRowFile } from '../../src/staging/store/generations';
import { filesWith } from '../support/files-with';
import { until } from '../support/until';
import { ACCOUNT, forgetAs, requestFor } from './forgetting';
import {
  acknowledge,
  answer,
  DESTINATION,
  exportAll,
  member,
  openStage,
  type Profile,
  type Stage,
} from './stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

const LONG_AGO = new Date(Date.now() - 60 * 60_000);
const ADA = 'ada@mail.test';
const PEOPLE: readonly Profile[] = [
  { key: '1', email: ADA, first: 'Ada', segments: ['vip'] },
  { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['vip'] },
];

interface Freezing {
  /** Of the write: `lost` fails, `never` is that of a process that dies. */
  readonly answer?: 'good' | 'lost' | 'never';
  /** Of the worker that has the store. */
  readonly workFolder?: string;
}

/** A store in which each write of rows into a folder is frozen until it is woken. */
function freezing(
  store: StagingStore,
  folder: string,
  { answer = 'good', workFolder = store.workFolder }: Freezing = {},
) {
  let wake!: () => void;
  let freeze!: () => void;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const frozen = new Promise<void>((resolve) => {
    freeze = resolve;
  });
  const frozenStore: StagingStore = {
    kind: store.kind,
    workFolder,
    put: async (key, content) => {
      if (key.includes(`/${folder}`)) {
        freeze();
        await woken;
        const isOurs = await store.put(key, content);
        if (answer === 'lost') throw new Error('the connection was lost');
        if (answer === 'never') return new Promise<boolean>(() => undefined);
        return isOurs;
      }
      return store.put(key, content);
    },
    delete: (key) => store.delete(key),
    get: (key) => store.get(key),
    head: (key) => store.head(key),
    list: (where) => store.list(where),
    localFile: (key) => store.localFile(key),
  };
  return { store: frozenStore, frozen, wake };
}

test('a generation of rows that a worker stores late is taken back, and the one before stays', async () => {
  const store = new FolderStore(stage.folder);
  const key = 'destinations/one/exports/e-1/settle-1/gone.parquet';
  const file = async (text: string) => {
    const path = join(stage.folder, 'scratch', randomUUID());
    await writeFile(path, text);
    return path;
  };
  await store.put(key, { file: await file('first') });
  const late = { after: 1, file: await file('late'), isSuperseded: async () => true };
  expect(await replaceRowFile(store, key, late)).toBe(false);
  expect(await store.get(key)).toBe('first');
  expect(await replaceRowFile(store, key, { after: 1, file: await file('second') })).toBe(true);
  expect(await store.get(key.replace('.parquet', '.g2.parquet'))).toBe('second');
});

test('of a late write whose outcome is not known nothing stays: its answer was lost, or the process died', async () => {
  const exported = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  const record = (staging: Staging) => staging.recordLeft(exported.ref, [{ email: ADA, status: 'archived' }]);
  const writers = await Promise.all(
    (['lost', 'never'] as const).map(async (answer) => {
      const { store, frozen, wake } = freezing(new FolderStore(stage.folder), 'left/', { answer });
      const staging = await openStaging({ store, memoryLimit: '128MB' });
      const end = record(staging).catch((error: unknown) => error);
      await frozen;
      return { staging, wake, end };
    }),
  );
  await stage.staging.claim(stage.newExport());
  const destination = join(stage.folder, 'destinations', DESTINATION);
  const left = join(destination, 'exports', exported.ref.exportId, 'left');
  const mark = join(destination, 'claimed', exported.ref.exportId);
  await utimes(mark, LONG_AGO, LONG_AGO);
  const [lost, died] = writers;
  lost?.wake();
  expect(await lost?.end).toMatchObject({ code: 'SUPERSEDED' });
  expect(existsSync(left)).toBe(false);
  died?.wake();
  await until(async () => existsSync(left) && (await readdir(left)).length > 0);
  await expect(record(stage.staging)).rejects.toMatchObject({ code: 'SUPERSEDED' });
  expect(existsSync(left)).toBe(false);
  for (const { staging } of writers) await staging.close();
});

test('a worker that was frozen in an export from before writes nothing of a forgotten person when it wakes', async () => {
  const exported = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  const { store, frozen, wake } = freezing(new FolderStore(stage.folder), 'left/');
  const other = await openStaging({ store, memoryLimit: '128MB' });
  const late = other
    .recordLeft(exported.ref, [{ email: ADA, status: 'archived' }])
    .catch((error: unknown) => error);
  await frozen;
  const forgetting = stage.newExport();
  const id = await stage.staging.stageForget(DESTINATION, requestFor({ email: ADA }));
  await forgetAs(stage.staging, { id, ref: forgetting });
  wake();
  expect(await late).toMatchObject({ code: 'SUPERSEDED' });
  await other.close();
  const { staging } = stage;
  const writes = [
    () =>
      staging.sealCensusPage(exported.ref, { listing: 'archived', offset: 1_000 }, [member(ADA, 'archived')]),
    () => staging.recordWithheld(exported.ref, { part: 0, attempt: 9 }, [ADA]),
    () => staging.sealResults(exported.ref, 'part-9', [answer(exported.chunks[0]!, acknowledge)]),
  ];
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'SUPERSEDED' });
  const lost = stage.newExport();
  await staging.claim(lost);
  await staging.claim(stage.newExport());
  await expect(stage.snapshot(lost, PEOPLE)).rejects.toMatchObject({ code: 'SUPERSEDED' });
  expect(await filesWith(stage.folder, [ADA])).toEqual([]);
  // Nor does the forget itself change rows once another job has begun.
  const again = await staging.stageForget(DESTINATION, requestFor({ email: 'bob@mail.test' }));
  await expect(
    staging.findForgotten({ ref: forgetting, id: again, accountId: ACCOUNT, baseline: null }),
  ).rejects.toMatchObject({ code: 'SUPERSEDED' });
});

test('a worker that was frozen while it settled an export that sent nothing leaves neither a person nor a baseline when it wakes', async () => {
  const { staging } = stage;
  const exported = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  const denied = stage.newExport();
  await staging.claim(denied);
  await stage.snapshot(denied, PEOPLE);
  await stage.plan(denied, { baseline: exported.ref.exportId, accountId: ACCOUNT });
  const { store, frozen, wake } = freezing(new FolderStore(stage.folder), 'settle-', {
    workFolder: dirname(stage.folder),
  });
  const other = await openStaging({ store, memoryLimit: '128MB' });
  const late = other.settle(denied, null).catch((error: unknown) => error);
  await frozen;
  const id = await staging.stageForget(DESTINATION, requestFor({ email: ADA }));
  await forgetAs(staging, { id, ref: stage.newExport() });
  wake();
  expect(await late).toMatchObject({ code: 'SUPERSEDED' });
  await other.close();
  expect(await filesWith(stage.folder, [ADA])).toEqual([]);
  expect(await staging.latestBaseline(DESTINATION)).toMatchObject({ exportId: exported.ref.exportId });
});
