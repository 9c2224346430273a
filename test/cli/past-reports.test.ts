import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differencesOf } from '../../src/cli/export/differences';
import { findKept } from '../../src/cli/export/find';
import { allReports, reportBefore, wholeReport } from '../../src/cli/export/past-reports';
import type { Invocation } from '../../src/cli/shell/invocation';
import type { DestinationView } from '../../src/contract/destination-view';
import type { ExportReport } from '../../src/contract/report';
import { FolderStore, openStaging } from '../../src/staging';
import { report } from '../workflows/samples';

const EXPORTS = 12;
const destinationId = 'newsletter';

let folder: string;
let view: DestinationView;
let invocation: Invocation;

/** A store with the reports of twelve exports, of which the destination keeps ten, and shortened all but the last. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'past-reports-'));
  const store = new FolderStore(join(folder, 'staging'));
  const staging = await openStaging({ store, memoryLimit: '256MB' });
  const reports: ExportReport[] = [];
  for (let number = 1; number <= EXPORTS; number++) {
    const ref = { destinationId, exportId: randomUUID() };
    const ended = report({ ...ref, number, selected: 100 + number, storeId: staging.storeId });
    await staging.claim(ref);
    await staging.sealReport(ended);
    reports.unshift(ended);
  }
  const plan = report({ destinationId, kind: 'plan', status: 'planned', number: 1, isSettled: false });
  view = {
    destinationId,
    storeId: staging.storeId,
    running: null,
    queued: [],
    exports: [plan, ...reports.slice(0, 10).map((one) => ({ ...one, segments: [] }))],
  } as unknown as DestinationView;
  await staging.close();
  const config = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(config, `accounts: {}\nsources: {}\nstaging:\n  folder: ${join(folder, 'staging')}\n`);
  invocation = { options: { config } } as unknown as Invocation;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the reports of the store continue those that the destination keeps, each of them once', async () => {
  const numbers: number[] = [];
  for await (const { number, status } of allReports(invocation, view))
    if (status !== 'planned') numbers.push(number);
  expect(numbers).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('an earlier export is found by its number and by its id, and a number that never was is refused as before', async () => {
  const second = await findKept(invocation, view, '2');
  expect(second).toMatchObject({ number: 2, kind: 'export', isLatest: false, report: { selected: 102 } });
  expect(await findKept(invocation, view, second.exportId)).toMatchObject({ number: 2 });
  expect(await findKept(invocation, view, '12')).toMatchObject({ report: { segments: [] } });
  await expect(findKept(invocation, view, '13')).rejects.toThrow('has no export "13". It has: p1, 12, 11');
  await expect(findKept(invocation, view, 'p7')).rejects.toThrow('has no export "p7"');
});

test('one whose report is not in the store has expired; without the store, the reason is named', async () => {
  const later = { ...view, exports: view.exports.map((one) => ({ ...one, number: one.number + 100 })) };
  await expect(findKept(invocation, later, '50')).rejects.toMatchObject({
    code: 'EXPORT_NOT_FOUND',
    message: expect.stringContaining('no report of export 50 any longer: it has expired with the rows'),
  });
  const other = { ...view, storeId: 'another' };
  await expect(findKept(invocation, other, '2')).rejects.toMatchObject({
    code: 'EXPORT_NOT_FOUND',
    message: expect.stringMatching(/no longer keeps export 2, .* are in the staging store another/),
  });
});

test('the store has the whole report of one that is shortened, and the one before it', async () => {
  const shortened = view.exports[10]!;
  expect(shortened).toMatchObject({ number: 3, segments: [] });
  expect((await wholeReport(invocation, shortened)).segments).toHaveLength(2);
  expect(await reportBefore(invocation, view, shortened)).toMatchObject({ number: 2 });
  const far = { ...shortened, storeId: 'another' };
  expect(await wholeReport(invocation, far)).toBe(far);
  expect(await reportBefore(invocation, { ...view, storeId: 'another' }, shortened)).toBeUndefined();
});

test('a difference is unknown for a segment that one of two reports does not list', () => {
  const before = report({ segments: [], omittedSegments: 5 });
  const after = report({
    durationMs: 2_000,
    refusals: [{ outcome: 'rejected', class: 'fake', text: '', count: 3 }],
  });
  const differences = differencesOf(before, after);
  expect(differences).toContainEqual({
    group: 'segments',
    name: 'vip: tagged',
    before: null,
    after: 30_000,
    difference: null,
  });
  expect(differences).toContainEqual({
    group: 'refusals',
    name: 'rejected: fake',
    before: 0,
    after: 3,
    difference: 3,
  });
  expect(differences.filter(({ name }) => name === 'throttled')).toEqual([]);
  expect(differencesOf(after, after).every(({ difference }) => difference === 0)).toBe(true);
});
