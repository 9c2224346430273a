import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportPlan } from '../../../src/contract/plan';
import {
  acknowledge,
  baselineOf,
  type Exported,
  exportAll,
  FAKE,
  LOCALS,
  openStage,
  refuseBob,
  type Stage,
  type UnmatchedKey,
  VIP,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const BOB = { ...ANNA, key: '2', email: 'bob@mail.test' };
const CAROL = { ...ANNA, key: '3', email: 'carol@mail.test' };
const segments = [VIP];
const values = (number: number) => ({ segments, unmatched: { vip: { keys: 0, values: number } } });
const keys = (number: number) => ({ vip: { keys: number, values: 0 } });

function newly({ plan }: { plan: ExportPlan }): number {
  return plan.segments[0]?.newlyUnmatched ?? 0;
}

/** Anna, Bob and Carol were exported, with two membership rows of no profile. */
async function begin(): Promise<Exported> {
  return exportAll(stage, [ANNA, BOB, CAROL], { segments, unmatched: keys(2) });
}

describe('membership rows that select no profile', () => {
  test('are counted by segment in plan and settlement, and left out where there are none', async () => {
    const rows = { keys: 2, values: 3 };
    const { plan, settlement } = await exportAll(stage, [ANNA], { unmatched: { vip: rows } });
    expect(plan.segments.map(({ unmatched }) => unmatched)).toEqual([rows, undefined]);
    expect(settlement.segments.map(({ unmatched }) => unmatched)).toEqual([rows, undefined]);
  });

  test('are new where the export before had fewer', async () => {
    const first = await begin();
    const same = await exportAll(stage, [ANNA, BOB], { segments, unmatched: keys(2), after: first });
    expect(newly(same)).toBe(0);
    const more = await exportAll(stage, [ANNA], { segments, unmatched: keys(5), after: same });
    expect(newly(more)).toBe(3);
    const stale = await exportAll(stage, [], { segments, unmatched: keys(5), after: more });
    expect(newly(stale)).toBe(0);
  });

  test('are new by their value only where there was none, since a list may have other segments', async () => {
    const first = await exportAll(stage, [ANNA, BOB], values(0));
    const some = await exportAll(stage, [ANNA], { ...values(4), after: first });
    expect(newly(some)).toBe(4);
    expect(newly(await exportAll(stage, [ANNA], { ...values(9), after: some }))).toBe(0);
  });

  test('stay new as long as the leavers keep the tag: denied, beyond a limit, or spared', async () => {
    const first = await begin();
    const unmatched = keys(3);
    const request = { segments, unmatched, after: first };
    const denied = stage.newExport();
    await stage.staging.claim(denied);
    await stage.census(denied, 'optOuts', { audience: [] });
    await stage.snapshot(denied, [ANNA, BOB], request);
    const plan = await stage.plan(denied, { segments, baseline: first.ref.exportId });
    await stage.staging.settle(denied, { requests: 0, batches: 0, lanes: null });
    const again = await exportAll(stage, [ANNA, BOB], { ...request, after: { ...first, ref: denied } });
    expect([newly({ plan }), newly(again)]).toEqual([1, 1]);

    const cut = await exportAll(stage, [ANNA], { ...request, limit: 1 });
    expect(newly(await exportAll(stage, [ANNA], { ...request, after: cut }))).toBe(1);
    const spared = await exportAll(stage, [ANNA], { ...request, keepDeparted: true });
    expect(newly(await exportAll(stage, [ANNA], { ...request, after: spared }))).toBe(1);
  });
});

/** Rows of the segment vip with keys that no profile has. */
function rows(...keys: readonly (string | UnmatchedKey)[]) {
  const vip = keys.map((key) => (typeof key === 'string' ? { key } : key));
  return { segments, unmatchedKeys: { vip } };
}

describe('membership rows whose keys are known', () => {
  test('do not hold where the profile was deleted and its rows remain, in no later export either', async () => {
    const first = await exportAll(stage, [ANNA, BOB, CAROL], rows());
    const deleted = await exportAll(stage, [ANNA, BOB], { ...rows({ key: '3', rows: 4 }), after: first });
    expect(deleted.plan.segments).toMatchObject([{ toUntag: 1, unmatched: { keys: 4, values: 0 } }]);
    expect(newly(deleted)).toBe(0);
    expect((await baselineOf(stage, deleted)).map(({ address }) => address)).not.toContain('carol@mail.test');
    const later = await exportAll(stage, [ANNA], { ...rows('2', { key: '3', rows: 5 }), after: deleted });
    expect(later.plan.segments).toMatchObject([{ toUntag: 1, unmatched: { keys: 6, values: 0 } }]);
    expect(newly(later)).toBe(0);
    expect(newly(await exportAll(stage, [], { ...rows('1', '2', '3'), after: later }))).toBe(0);
  });

  test('hold where keys are written in another way, with the number of these rows alone', async () => {
    const first = await exportAll(
      stage,
      [{ ...ANNA, key: '01' }, { ...BOB, key: '02' }, CAROL],
      rows('old', 'old too'),
    );
    const lost = rows({ key: '1', isNear: true }, { key: '2', rows: 2, isNear: true });
    expect(newly(await exportAll(stage, [CAROL], { ...lost, after: first }))).toBe(3);
    const mixed = rows('3', 'old', { key: '2', rows: 2, isNear: true });
    expect(newly(await exportAll(stage, [{ ...ANNA, key: '01' }], { ...mixed, after: first }))).toBe(2);
  });

  test('hold where the profile is still there with nearly the same key', async () => {
    const first = await exportAll(stage, [ANNA, BOB, { ...CAROL, key: '03' }], rows());
    const rewritten = rows({ key: '03', isNear: true });
    expect(newly(await exportAll(stage, [ANNA, BOB], { ...rewritten, after: first }))).toBe(1);
  });

  test('are those of profiles that could not be exported as well', async () => {
    const invalid = { ...CAROL, email: 'nowhere' };
    const respond = refuseBob(FAKE);
    const first = await exportAll(stage, [ANNA, BOB, invalid], { ...rows(), respond });
    const deleted = await exportAll(stage, [], { ...rows('1', '2', '3', '4'), after: first });
    expect(newly(deleted)).toBe(1);
  });

  test('stay known, and the others new, as long as a leaver keeps the tag', async () => {
    const first = await exportAll(stage, [ANNA, BOB, CAROL, { ...CAROL, key: '4' }], rows());
    const respond = refuseBob({ result: 'unproven' });
    const request = { ...rows('2', '3', '4', 'new'), respond };
    const failed = await exportAll(stage, [ANNA], { ...request, after: first });
    expect(failed.settlement.segments).toMatchObject([{ untagged: 1 }]);
    const again = await exportAll(stage, [ANNA], { ...request, respond: acknowledge, after: failed });
    expect(again.plan.segments).toMatchObject([{ toUntag: 1 }]);
    expect([newly(failed), newly(again)]).toEqual([1, 1]);
    expect(newly(await exportAll(stage, [], { ...request, after: again }))).toBe(0);
  });

  test('stay known and new when the export was denied', async () => {
    const first = await exportAll(stage, [ANNA, BOB], rows());
    const request = rows('2', 'new');
    const denied = stage.newExport();
    await stage.staging.claim(denied);
    await stage.census(denied, 'optOuts', { audience: [] });
    await stage.snapshot(denied, [ANNA], request);
    await stage.plan(denied, { segments, baseline: first.ref.exportId });
    await stage.staging.settle(denied, { requests: 0, batches: 0, lanes: null });
    const after = { ...first, ref: denied };
    expect(newly(await exportAll(stage, [ANNA], { ...request, after }))).toBe(1);
    expect(newly(await exportAll(stage, [ANNA], { ...rows('2'), after }))).toBe(0);
  });

  test('are known by segment, unless they are of a profile', async () => {
    const both = { segments: [VIP, LOCALS] };
    const inBoth = { segments: ['vip', 'locals'] };
    const unmatchedKeys = (...lists: readonly string[][]) => {
      const [vip = [], locals = []] = lists.map((keys) => keys.map((key) => ({ key })));
      return { ...both, unmatchedKeys: { vip, locals } };
    };
    const first = await exportAll(stage, [{ ...ANNA, ...inBoth }, { ...BOB, ...inBoth }, CAROL], {
      ...unmatchedKeys(['x'], ['y']),
    });
    const next = { ...unmatchedKeys(['x', '3'], ['x', 'y', '3']), after: first };
    const { plan } = await exportAll(stage, [{ ...ANNA, ...inBoth }], next);
    expect(plan.segments.map(({ newlyUnmatched }) => newlyUnmatched)).toEqual([undefined, 1]);
  });

  test('are not the blank ones: of these, all that are more than before are new', async () => {
    const first = await exportAll(stage, [ANNA, BOB, CAROL], rows({ key: null, rows: 2 }));
    const more = { ...rows({ key: null, rows: 5 }), after: first };
    expect(newly(await exportAll(stage, [ANNA], { ...more, limit: 1 }))).toBe(3);
    const same = { ...rows({ key: null, rows: 2 }), after: first };
    expect(newly(await exportAll(stage, [ANNA], same))).toBe(0);
  });

  test('are known after an export of a version that kept none, by the contacts of its baseline', async () => {
    const first = await exportAll(stage, [ANNA, BOB], rows());
    await forgetKnownKeys(first);
    expect(newly(await exportAll(stage, [ANNA], { ...rows('2', '3'), after: first }))).toBe(1);
  });
});

async function forgetKnownKeys({ ref }: Exported): Promise<void> {
  const folder = join(stage.folder, 'destinations', ref.destinationId, 'exports', ref.exportId);
  const files = await readdir(folder, { recursive: true });
  const [known = ''] = files.filter((name) => name.endsWith('known.parquet'));
  await rm(join(folder, known));
}
