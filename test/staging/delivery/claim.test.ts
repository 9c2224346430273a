import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobKind } from '../../../src/contract/job-kind';
import type { Staging } from '../../../src/ports/staging';
import { FolderStore, openStaging } from '../../../src/staging';
import { lastClaim } from '../../../src/staging/delivery/claim';
import { claimAt, claimsOf, SERIES } from '../../../src/staging/delivery/claim-series';

let folder: string;
let staging: Staging;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claims-'));
  staging = await reopen();
});
afterEach(async () => {
  await staging.close();
  await rm(folder, { recursive: true, force: true });
});

const reopen = (): Promise<Staging> => openStaging({ store: new FolderStore(folder), memoryLimit: '64MB' });

const ref = (number: number) => ({ destinationId: 'newsletter', exportId: `e${number}` });

const destination = (...names: readonly string[]): string =>
  join(folder, 'destinations/newsletter', ...names);

const SUPERSEDED = { code: 'SUPERSEDED' };

test('the last export that claimed a destination may send, and every earlier one finds itself superseded for good', async () => {
  for (let number = 1; number <= 20; number++) {
    await staging.claim(ref(number));
    await staging.claim(ref(number));
    await staging.checkClaim(ref(number));
  }
  for (let number = 1; number < 20; number++) {
    await expect(staging.claim(ref(number))).rejects.toMatchObject(SUPERSEDED);
    await expect(staging.checkClaim(ref(number))).rejects.toMatchObject(SUPERSEDED);
  }
  expect(await readdir(destination('claims'))).toHaveLength(20);
});

test('to claim and to look asks as often for the fortieth export of a destination as for the fourth', async () => {
  let asked = 0;
  class CountingStore extends FolderStore {
    override head(key: string) {
      asked += 1;
      return super.head(key);
    }
  }
  const counted = await openStaging({ store: new CountingStore(folder), memoryLimit: '64MB' });
  const questions: number[] = [];
  for (let number = 1; number <= 40; number++) {
    asked = 0;
    await counted.claim(ref(number));
    await counted.checkClaim(ref(number));
    questions.push(asked);
  }
  expect(questions[39]).toBe(questions[3]);
  await counted.close();
});

test('an export whose claim came before the marks of earlier claims finds itself superseded as well', async () => {
  await mkdir(destination('claims'), { recursive: true });
  for (let number = 1; number <= 9; number++) {
    const name = `${String(number).padStart(6, '0')}.json`;
    await writeFile(destination('claims', name), JSON.stringify({ exportId: `e${number}` }));
  }
  await staging.claim(ref(9));
  await staging.claim(ref(10));
  for (let number = 1; number <= 9; number++)
    await expect(staging.claim(ref(number))).rejects.toMatchObject(SUPERSEDED);
});

test('one of many exports that claim a destination at once gets it', async () => {
  await Promise.allSettled(Array.from({ length: 8 }, (_, number) => staging.claim(ref(number))));
  const checked = await Promise.allSettled(
    Array.from({ length: 8 }, (_, number) => staging.checkClaim(ref(number))),
  );
  expect(checked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a store that is away for a moment is no later claim and no settled export: the step is retried', async () => {
  await staging.claim(ref(1));
  await staging.checkClaim(ref(1));
  await rename(folder, `${folder}-away`);
  await mkdir(folder);
  const fresh = new FolderStore(`${folder}-away`);
  try {
    for (const step of [
      () => staging.checkClaim(ref(1)),
      () => staging.claim(ref(2)),
      () => staging.unansweredWrites(ref(1)),
      () => staging.settle(ref(1), null),
      () => staging.recordAttempt(ref(1), 0, 'direct'),
    ])
      await expect(step()).rejects.toMatchObject({ code: 'STAGING_FAILED' });
    expect(await readdir(folder)).toEqual([]);
    expect(await fresh.list('destinations/newsletter/')).toEqual(['claims/']);
  } finally {
    await rm(folder, { recursive: true });
    await rename(`${folder}-away`, folder);
  }
  await staging.checkClaim(ref(1));
});

test('the claims of exports and of other jobs are found by their place, by few readings however many lie between', async () => {
  const kinds = Array.from({ length: 90 }, (_, index) => (index % 40 < 3 ? 'export' : 'verify') as JobKind);
  for (const [index, kind] of kinds.entries()) await staging.claim(ref(index + 1), kind);
  let read = 0;
  class CountingStore extends FolderStore {
    override get(key: string) {
      read += 1;
      return super.get(key);
    }
  }
  const store = new CountingStore(folder);
  const last = (await lastClaim(store, 'newsletter'))!;
  for (const series of SERIES) {
    const found: number[] = [];
    for await (const { number } of claimsOf(store, 'newsletter', { series, last })) found.push(number);
    const isWanted = (kind: JobKind) => (kind === 'export') === (series === 'exports');
    const wanted = kinds.flatMap((kind, index) => (isWanted(kind) ? index + 1 : []));
    expect(found.toReversed()).toEqual(wanted);
  }
  read = 0;
  expect(await claimAt(store, 'newsletter', { series: 'exports', place: 3, after: last })).toMatchObject({
    number: 3,
  });
  expect(read).toBeLessThan(20);
});

test('claims from before their kind was recorded are those of exports', async () => {
  await mkdir(destination('claims'), { recursive: true });
  for (let number = 1; number <= 3; number++)
    await writeFile(destination('claims', `00000${number}.json`), JSON.stringify({ exportId: `e${number}` }));
  await staging.claim(ref(4), 'verify');
  await staging.claim(ref(5), 'export');
  // By a worker of 0.3.0, which runs beside this one for a while.
  await writeFile(destination('claims', '000006.json'), JSON.stringify({ exportId: 'e6' }));
  await staging.claim(ref(7), 'export');
  const store = new FolderStore(folder);
  const last = (await lastClaim(store, 'newsletter'))!;
  const found: string[] = [];
  for await (const { exportId } of claimsOf(store, 'newsletter', { series: 'exports', last }))
    found.push(exportId);
  expect(found).toEqual(['e7', 'e6', 'e5', 'e3', 'e2', 'e1']);
});
