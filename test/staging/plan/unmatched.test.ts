import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportPlan } from '../../../src/contract/plan';
import { type Exported, exportAll, openStage, type Stage, VIP } from '../stage';

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
