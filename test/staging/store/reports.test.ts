import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportRef } from '../../../src/contract/identifiers';
import type { JobKind } from '../../../src/contract/job-kind';
import type { ExportReport } from '../../../src/contract/report';
import { FolderStore, openStagingToRead } from '../../../src/staging';
import { report } from '../../workflows/samples';
import { DESTINATION, exportAll, openStage, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const LONG_AGO = new Date(Date.now() - 40 * 24 * 60 * 60_000);

const reportOf = (ref: ExportRef, number: number): ExportReport => report({ ...ref, number });

async function reader() {
  const opened = await openStagingToRead({ store: new FolderStore(stage.folder), memoryLimit: '256MB' });
  return opened!;
}

async function numbers(): Promise<number[]> {
  const found: number[] = [];
  for await (const { number } of (await reader()).readReports(DESTINATION)) found.push(number);
  return found;
}

/** Exports that have claimed their destination, and nothing else. */
async function claimed(count: number, kind?: JobKind): Promise<ExportRef[]> {
  const refs = Array.from({ length: count }, () => stage.newExport());
  for (const ref of refs) await stage.staging.claim(ref, kind);
  return refs;
}

test('the reports of all exports are read newest first, one at a time, and a repeated seal changes nothing', async () => {
  const refs = await claimed(12);
  for (const [index, ref] of refs.entries()) await stage.staging.sealReport(reportOf(ref, index + 1));
  await stage.staging.sealReport({ ...reportOf(refs[3]!, 4), selected: 999 });
  expect(await numbers()).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect((await (await reader()).readReport(refs[3]!))?.selected).toBe(reportOf(refs[3]!, 4).selected);
  const some = (await reader()).readReports(DESTINATION);
  expect((await some.next()).value).toMatchObject({ number: 12 });
});

test('an export that never claimed its destination leaves no report, and no folder', async () => {
  await claimed(1);
  await stage.staging.sealReport(reportOf(stage.newExport(), 7));
  expect(await numbers()).toEqual([]);
  const exports = join(stage.folder, 'destinations', DESTINATION, 'exports');
  expect(await readdir(exports).catch(() => [])).toEqual([]);
});

test('exports without a report do not hide earlier ones, and fifty of them in a row end the list', async () => {
  const refs = await claimed(3);
  await stage.staging.sealReport(reportOf(refs[0]!, 1));
  await stage.staging.sealReport(reportOf(refs[2]!, 3));
  expect(await numbers()).toEqual([3, 1]);
  await claimed(49);
  expect(await numbers()).toEqual([3, 1]);
  // Nor do any number of other jobs, whose reports are listed among them.
  const others = await claimed(60, 'verify');
  await stage.staging.sealReport({ ...reportOf(others[59]!, 7), kind: 'verify' });
  expect(await numbers()).toEqual([7, 3, 1]);
  const { findReport } = await reader();
  expect(await findReport(DESTINATION, { number: 1, since: '2020-01-01T00:00:00.000Z' })).toBeDefined();
  await claimed(1);
  expect(await numbers()).toEqual([7]);
});

test('a report goes with the rows of its export: by count, by age, and with the destination', async () => {
  const first = await exportAll(stage, [ANNA]);
  await stage.staging.sealReport(reportOf(first.ref, 1));
  const second = await exportAll(stage, [{ ...ANNA, first: 'Ann' }], { after: first });
  await stage.staging.sealReport(reportOf(second.ref, 2));
  const third = await exportAll(stage, [ANNA], { after: second });
  await stage.staging.sealReport(reportOf(third.ref, 3));
  const baseline = third.ref.exportId;
  await stage.staging.tidy(DESTINATION, { baseline, keepExports: 2 });
  expect(await numbers()).toEqual([3, 2]);
  await stage.staging.expire(DESTINATION, { baseline, keepDays: -1, keepExports: 100 });
  expect(await numbers()).toEqual([]);

  const [refused] = await claimed(1);
  await stage.staging.sealReport(reportOf(refused!, 4));
  await claimed(1);
  const folder = join(stage.folder, 'destinations', DESTINATION, 'exports', refused!.exportId);
  await utimes(join(folder, 'report.json'), LONG_AGO, LONG_AGO);
  expect(await numbers()).toEqual([4]);
  await stage.staging.expireAll({ keepDays: 30, keepExports: 100 });
  expect(await numbers()).toEqual([]);

  const fifth = await exportAll(stage, [ANNA], { after: third });
  await stage.staging.sealReport(reportOf(fifth.ref, 5));
  await stage.staging.discard(DESTINATION);
  expect(await numbers()).toEqual([]);
});

/** Seals reports whose `selected` is the claim. */
async function sealed(numbers: readonly (number | null)[], startedAt = '2026-02-01T00:00:00.000Z') {
  const refs = await claimed(numbers.length);
  for (const [index, number] of numbers.entries())
    if (number !== null)
      await stage.staging.sealReport({ ...reportOf(refs[index]!, number), selected: index + 1, startedAt });
}

describe('the report of an export by its number', () => {
  const BEGUN = '2026-01-01T00:00:00.000Z';
  const find = async (number: number, since: string | undefined = BEGUN) =>
    (await (await reader()).findReport(DESTINATION, { number, since }))?.selected;

  test('is found by a few readings among many', async () => {
    await sealed(Array.from({ length: 100 }, (_, index) => index + 1));
    const store = new FolderStore(stage.folder);
    const read: string[] = [];
    const get = store.get.bind(store);
    store.get = (key) => {
      if (key.endsWith('report.json')) read.push(key);
      return get(key);
    };
    const { findReport } = (await openStagingToRead({ store, memoryLimit: '256MB' }))!;
    expect(await findReport(DESTINATION, { number: 7, since: BEGUN })).toMatchObject({ number: 7 });
    expect(read.length).toBeLessThan(4);
  });

  test.each([undefined, BEGUN])(
    'is the same as by reading all: gaps in the numbers, and none kept, since %p',
    async (since) => {
      await sealed([null, 2, 5, null, 6, 11, 12, null]);
      const found = [];
      for (const number of [1, 2, 3, 5, 6, 7, 11, 12, 13]) found.push(await find(number, since));
      expect(found).toEqual([undefined, 2, undefined, 3, 5, undefined, 6, 7, undefined]);
    },
  );

  test.each([undefined, BEGUN])('is not that of another job with this number, since %p', async (since) => {
    await sealed([1, 2]);
    for (const kind of ['plan', 'verify', 'forget'] as const) {
      const [ref] = await claimed(1, kind);
      await stage.staging.sealReport({ ...reportOf(ref!, 2), kind, selected: 0 });
    }
    expect([await find(2, since), await find(3, since)]).toEqual([2, undefined]);
  });

  test('is that of the latest export with it where the numbers began again, and of an earlier one otherwise', async () => {
    await sealed([1, 2, 3, 4, 5], '2025-12-01T00:00:00.000Z');
    const later = await claimed(3);
    for (const [index, number] of [2, 3, 7].entries())
      await stage.staging.sealReport({
        ...reportOf(later[index]!, number),
        selected: 100 + number,
        startedAt: '2026-02-01T00:00:00.000Z',
      });
    expect([await find(2), await find(3), await find(7)]).toEqual([102, 103, 107]);
    expect([await find(1), await find(4), await find(5), await find(6)]).toEqual([1, 4, 5, undefined]);
  });
});
