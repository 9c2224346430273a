import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ObjectInfo } from '../../../src/ports/staging-store';
import { FolderStore, openStaging, scratchOf } from '../../../src/staging';
import { report } from '../../workflows/samples';
import { DESTINATION, exportAll, openStage, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const LONG_AGO = new Date(Date.now() - 40 * 24 * 60 * 60_000);

const exportsFolder = (): string => join(stage.folder, 'destinations', DESTINATION, 'exports');

async function makeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true }))
    await utimes(join(folder, name), LONG_AGO, LONG_AGO);
}

async function fileNames(exportId: string): Promise<string[]> {
  return readdir(join(exportsFolder(), exportId)).catch(() => []);
}

/** Ids of the jobs that have any files. */
async function keptExports(): Promise<string[]> {
  return (await readdir(exportsFolder())).toSorted();
}

async function allFileNames(): Promise<string[]> {
  return (await readdir(exportsFolder(), { recursive: true })).map((name) => basename(name));
}

test('rows of ended exports expire; of the current baseline, what the next export reads is kept', async () => {
  const first = await exportAll(stage, [ANNA]);
  const second = await exportAll(stage, [{ ...ANNA, first: 'Ann' }], { after: first });
  await stage.staging.expire(DESTINATION, { baseline: second.ref.exportId, keepDays: 1, keepExports: 100 });
  expect(await fileNames(first.ref.exportId)).toContain('baseline.json');
  await stage.staging.expire(DESTINATION, { baseline: second.ref.exportId, keepDays: -1, keepExports: 100 });
  await stage.staging.expire(DESTINATION, { baseline: second.ref.exportId, keepDays: -1, keepExports: 100 });
  expect(await readdir(exportsFolder())).toEqual([second.ref.exportId]);
  const names = await fileNames(second.ref.exportId);
  expect(names.map((name) => name.replace(/-[0-9a-f]{12}$/, '')).toSorted()).toEqual([
    'baseline.json',
    'drained.json',
    'settle',
  ]);
  const third = await exportAll(stage, [{ ...ANNA, first: 'Ann' }], { after: second });
  expect(third.plan.chunks).toBe(0);
});

test('keys that no profile has expire with their snapshot; the next plan still knows them, by their hashes', async () => {
  const unmatchedKeys = { vip: [{ key: 'gone' }] };
  const BOB = { ...ANNA, key: '2', email: 'bob@mail.test' };
  const first = await exportAll(stage, [ANNA, BOB], { unmatchedKeys });
  expect(await allFileNames()).toContain('unmatched.parquet');
  await stage.staging.expireAll({ keepDays: -1, keepExports: 100 });
  expect(await allFileNames()).not.toContain('unmatched.parquet');
  const { plan } = await exportAll(stage, [ANNA], { unmatchedKeys, after: first });
  expect(plan.segments[0]).toMatchObject({ toUntag: 1, unmatched: { keys: 1 } });
  expect(plan.segments[0]).not.toHaveProperty('newlyUnmatched');
});

test('rows also expire when nothing is exported any longer, and a request for them is refused with the reason', async () => {
  const { ref } = await exportAll(stage, [ANNA], { audience: [] });
  expect(await stage.staging.readFailures(ref, {})).toEqual([]);
  await stage.staging.expireAll({ keepDays: 30, keepExports: 100 });
  expect(await fileNames(ref.exportId)).toContain('snapshot.json');
  await stage.staging.expireAll({ keepDays: -1, keepExports: 100 });
  expect(await fileNames(ref.exportId)).toEqual(expect.arrayContaining(['baseline.json', 'census.json']));
  expect(await fileNames(ref.exportId)).not.toContain('snapshot.json');
  await expect(stage.staging.readFailures(ref, {})).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
});

test('exports expire by count as well, the current baseline and the census in force excepted', async () => {
  const first = await exportAll(stage, [ANNA], { audience: [] });
  const second = await exportAll(stage, [{ ...ANNA, first: 'Ann' }], { after: first });
  const planned = stage.newExport();
  await stage.staging.claim(planned);
  await stage.snapshot(planned, [ANNA]);
  const third = await exportAll(stage, [ANNA], { after: second });
  const keep = { baseline: third.ref.exportId, keepExports: 2 };
  await stage.staging.tidy(DESTINATION, keep);
  expect(await fileNames(second.ref.exportId)).toEqual([]);
  expect(await fileNames(first.ref.exportId)).toEqual([expect.stringMatching(/^census-/), 'census.json']);
  expect(await fileNames(planned.exportId)).toContain('snapshot.json');
  await stage.staging.expireAll({ keepDays: 30, keepExports: 1 });
  expect(await fileNames(planned.exportId)).toEqual([]);
  expect(await fileNames(third.ref.exportId)).toContain('snapshot.json');
  expect(await fileNames(first.ref.exportId)).toContain('census.json');
});

test('jobs that are no exports push out the rows of none, and are bounded by a number of their own', async () => {
  const { staging } = stage;
  const first = await exportAll(stage, [ANNA]);
  const jobs: string[] = [];
  for (const kind of ['verify', 'plan', 'forget', 'verify', 'plan'] as const) {
    const ref = stage.newExport();
    await staging.claim(ref, kind);
    await staging.sealReport(report({ ...ref, kind }));
    await staging.tidy(DESTINATION, { baseline: first.ref.exportId, keepExports: 1 });
    jobs.push(ref.exportId);
  }
  expect(await fileNames(first.ref.exportId)).toContain('snapshot.json');
  expect(await keptExports()).toEqual([first.ref.exportId, jobs[4]!].toSorted());
  const second = await exportAll(stage, [ANNA], { after: first });
  const last = [second.ref.exportId, jobs[4]!].toSorted();
  await staging.tidy(DESTINATION, { baseline: second.ref.exportId, keepExports: 1 });
  expect(await keptExports()).toEqual(last);
  const verified = stage.newExport();
  await staging.claim(verified, 'verify');
  await staging.recordDrained(verified);
  await staging.expireAll({ keepDays: 30, keepExports: 1 });
  expect(await keptExports()).toEqual([second.ref.exportId, verified.exportId].toSorted());
  expect(await fileNames(second.ref.exportId)).toContain('snapshot.json');
});

/** Counts the destinations that are looked at, and what is asked of the store at once. */
class WatchedStore extends FolderStore {
  most = 0;
  readonly destinations = new Set<string>();
  #asked = 0;

  override list(folder: string): Promise<readonly string[]> {
    const [, destination] = /^destinations\/([^/]+)\/exports\/$/.exec(folder) ?? [];
    if (destination) this.destinations.add(destination);
    return this.#watch(super.list(folder));
  }

  override get(key: string): Promise<string | undefined> {
    return this.#watch(super.get(key));
  }

  override head(key: string): Promise<ObjectInfo | undefined> {
    return this.#watch(super.head(key));
  }

  async #watch<Result>(answer: Promise<Result>): Promise<Result> {
    this.#asked += 1;
    this.most = Math.max(this.most, this.#asked);
    try {
      return await answer;
    } finally {
      this.#asked -= 1;
    }
  }
}

test('expiry leaves the store to the exports: it asks for one thing at a time, and ends with its worker', async () => {
  const { ref } = await exportAll(stage, [ANNA]);
  for (let number = 1; number <= 20; number++)
    await stage.staging.claim({ ...ref, destinationId: `destination-${number}` });
  const store = new WatchedStore(stage.folder);
  const staging = await openStaging({ store, memoryLimit: '64MB' });
  const keep = { keepDays: 30, keepExports: 1 };
  await staging.expireAll(keep, AbortSignal.abort());
  expect(store.destinations.size).toBe(0);
  await staging.expireAll(keep);
  expect(store.destinations.size).toBe(21);
  expect(store.most).toBe(1);
  await staging.close();
});

test('an export that may have sent something without being settled does not expire by count', async () => {
  const first = await exportAll(stage, [ANNA]);
  const lost = stage.newExport();
  await stage.staging.claim(lost);
  await stage.staging.recordAttempt(lost, 0, 'batch');
  const last = await exportAll(stage, [ANNA], { after: first });
  await stage.staging.tidy(DESTINATION, { baseline: last.ref.exportId, keepExports: 1 });
  expect(await fileNames(lost.exportId)).toEqual(['attempts']);
});

test('an export that never settled expires once another one has claimed the destination, not while it may still run', async () => {
  const ref = stage.newExport();
  await stage.staging.claim(ref);
  await stage.snapshot(ref, [ANNA]);
  await makeOld(join(exportsFolder(), ref.exportId));
  await stage.staging.expire(DESTINATION, { baseline: null, keepDays: 30, keepExports: 100 });
  expect(await fileNames(ref.exportId)).toContain('snapshot.json');
  await stage.staging.claim(stage.newExport());
  await stage.staging.expire(DESTINATION, { baseline: null, keepDays: 30, keepExports: 100 });
  expect(await fileNames(ref.exportId)).toEqual([]);
});

test('a destination without exports has nothing to expire, and no baseline', async () => {
  await stage.staging.expire('unknown', { baseline: null, keepDays: 30, keepExports: 100 });
  expect(await stage.staging.latestBaseline('unknown')).toBeUndefined();
});

test('discarding deletes all rows, and may be repeated', async () => {
  const { ref } = await exportAll(stage, [ANNA]);
  await stage.staging.discard(ref.destinationId);
  await stage.staging.discard(ref.destinationId);
  expect(await readdir(join(stage.folder, 'destinations', DESTINATION))).toEqual(['claims']);
  expect(await stage.staging.latestBaseline(DESTINATION)).toBeUndefined();
});

test('discarding deletes the rows of a step that failed or died as well', async () => {
  const ref = stage.newExport();
  const folder = await stage.staging.openExtractFolder(ref);
  await writeFile(join(folder, 'profiles.parquet'), 'rows');
  await stage.staging.discard(ref.destinationId);
  expect(existsSync(folder)).toBe(false);
});

test('a new attempt deletes the files of attempts that died long ago, and nothing else', async () => {
  const ref = stage.newExport();
  await stage.snapshot(ref, [ANNA]);
  const folder = join(exportsFolder(), ref.exportId);
  const [sealed = ''] = (await readdir(folder)).filter((name) => name.startsWith('snapshot-'));
  const scratch = join(scratchOf({ workFolder: stage.folder }), 'attempts', DESTINATION);
  for (const below of [folder, scratch]) {
    for (const name of ['snapshot-00000000dead', 'plan-00000000dead', 'plan-0000000a11fe']) {
      await mkdir(join(below, name), { recursive: true });
      await writeFile(join(below, name, 'changes.parquet'), 'rows');
      if (name.endsWith('a11fe')) continue;
      for (const path of [join(below, name, 'changes.parquet'), join(below, name)]) {
        await utimes(path, LONG_AGO, LONG_AGO);
      }
    }
  }
  await makeOld(join(folder, sealed));
  // The source and the audience are read side by side, so neither takes the files of the other for left behind.
  const opened = await stage.staging.openExtractFolder(ref);
  await makeOld(opened);
  await stage.staging.sealCensus(ref, { scope: 'optOuts', baseline: null });
  expect(existsSync(opened)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.endsWith('dead'))).toHaveLength(2);

  await stage.plan(ref);
  for (const below of [folder, scratch])
    expect((await readdir(below)).filter((name) => /dead$|a11fe$/.test(name))).toEqual(['plan-0000000a11fe']);
  expect(await readdir(folder)).toContain(sealed);
});

test('a snapshot of a large source is not copied into the store: the file that the source wrote is linked', async () => {
  const ref = stage.newExport();
  const folder = await stage.staging.openExtractFolder(ref);
  const rows = join(folder, 'profiles.parquet');
  await writeFile(rows, 'rows');
  const { ino } = await stat(rows);
  const counts = { profiles: 0, selected: 0, members: [0, 0], unmatched: [], unreadable: [] };
  await stage.staging.sealSnapshot(ref, { folder, ...counts });
  const [name = ''] = await readdir(join(exportsFolder(), ref.exportId)).then((names) =>
    names.filter((name) => name.startsWith('snapshot-')),
  );
  expect((await stat(join(exportsFolder(), ref.exportId, name, 'profiles.parquet'))).ino).toBe(ino);
});
