import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportPlan } from '../../src/contract/plan';
import { deliver, exportAll, openStage, type Stage, writeExtract } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'Anna@Mail.test ', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob "B"', segments: ['locals'] };

describe('a first export and the next one', () => {
  test('sends all contacts with all fields and tags', async () => {
    const { chunks, plan, settlement } = await exportAll(stage, [ANNA, BOB]);
    expect(chunks).toEqual([
      {
        kind: 'upsert',
        chunk: 0,
        rows: [
          {
            email: 'anna@mail.test',
            fields: '{"FNAME":"Anna"}',
            tags: '["VIP","Locals"]',
            known: false,
            status: null,
          },
          {
            email: 'bob@mail.test',
            fields: '{"FNAME":"Bob \\"B\\""}',
            tags: '["Locals"]',
            known: false,
            status: null,
          },
        ],
      },
    ]);
    expect(plan.parts).toEqual([
      { part: 0, kind: 'upsert', firstChunk: 0, lastChunk: 0, rows: 2, canary: true },
    ]);
    expect(settlement).toMatchObject({
      selected: 2,
      departed: 0,
      outcomes: { created: 2, updated: 0 },
      memberStatuses: { subscribed: 2 },
      baselineSize: 2,
      segments: [
        { segment: 'vip', tagId: 11, name: 'VIP', profiles: 1, tagged: 1, untagged: 0, failed: 0 },
        { segment: 'locals', tagId: 12, name: 'Locals', profiles: 2, tagged: 2, untagged: 0, failed: 0 },
      ],
    });
  });

  test('sends nothing when nothing changed', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(second.plan.chunks).toBe(0);
    expect(second.settlement.outcomes).toMatchObject({ unchanged: 2, created: 0 });
    expect(second.settlement.baselineSize).toBe(2);
  });

  test('sends exactly the changes', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const changed = [
      { ...ANNA, segments: ['vip'] },
      { ...BOB, first: 'Rob' },
    ];
    const second = await exportAll(stage, changed, { after: first });
    expect(second.chunks).toEqual([
      {
        kind: 'upsert',
        chunk: 0,
        rows: [
          {
            email: 'bob@mail.test',
            fields: '{"FNAME":"Rob"}',
            tags: '["Locals"]',
            known: true,
            status: 'subscribed',
          },
        ],
      },
      { kind: 'untag', chunk: 1, tagId: 12, emails: ['anna@mail.test'] },
    ]);
    expect(second.settlement.outcomes).toMatchObject({ updated: 2 });
    const third = await exportAll(stage, changed, { after: second });
    expect(third.plan.chunks).toBe(0);
  });
});

test('every step may run twice: nothing changes and nothing is counted twice', async () => {
  const { staging } = stage;
  const ref = stage.newExport();
  for (let times = 0; times < 2; times++) {
    await staging.claim(ref);
    await stage.census(ref, 'full', { audience: [] });
    await stage.snapshot(ref, times === 0 ? [ANNA, BOB] : [ANNA]);
  }
  const census = ref.exportId;
  const plans = [await stage.plan(ref, { census }), await stage.plan(ref, { census })];
  expect(plans[1]).toEqual(plans[0]);
  const plan = plans[0] as ExportPlan;
  await deliver(stage, ref, { plan });
  await deliver(stage, ref, { plan, respond: () => ({ result: 'rejected', class: 'fake', text: '' }) });
  const settlement = await staging.settle(ref, null);
  expect(settlement).toMatchObject({ selected: 2, outcomes: { created: 2 } });
  expect(await staging.settle(ref, null)).toEqual(settlement);
  expect(await stage.plan(ref, { census })).toEqual(plan);
});

test('a snapshot that is not what the source counted is refused', async () => {
  const ref = stage.newExport();
  const folder = await stage.staging.openExtractFolder(ref);
  await writeExtract(folder, {
    columns: 2,
    profiles: [['1', '10', 'anna@mail.test', 'Anna']],
  });
  const counts = { profiles: 2, selected: 2, members: [2, 0], unmatched: [], unreadable: [] };
  await stage.staging.sealSnapshot(ref, { folder, ...counts });
  await expect(stage.plan(ref)).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
});
