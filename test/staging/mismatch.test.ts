import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanDocument } from '../../src/staging/store/documents';
import { deliver, exportAll, openStage, type Stage } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

describe('settling', () => {
  test('names a sum that does not add up, and keeps what was acknowledged', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plan = await stage.plan(ref);
    await deliver(stage, ref, { plan });
    const path = join(stage.folder, 'destinations', ref.destinationId, 'exports', ref.exportId, 'plan.json');
    const document = JSON.parse(await readFile(path, 'utf8')) as PlanDocument;
    await writeFile(path, JSON.stringify({ ...document, plan: { ...document.plan, selected: 3 } }));
    const settlement = await stage.staging.settle(ref, null);
    expect(settlement?.mismatches).toEqual(['outcomes: 2 where the plan has 3']);
    const next = await exportAll(stage, [ANNA, BOB], { baseline: ref.exportId });
    expect(next.plan).toMatchObject({ chunks: 0, decided: { unchanged: 2 } });
  });

  test('names the part whose results were tampered with, and keeps what was acknowledged', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    await deliver(stage, ref, { plan: await stage.plan(ref) });
    const folder = join(stage.folder, 'destinations', ref.destinationId, 'exports', ref.exportId);
    const path = join(folder, 'results', 'part-0.ndjson');
    const lines = await readFile(path, 'utf8');
    const stranger = { chunk: 0, email: 'stranger@mail.test', result: 'acknowledged' };
    await writeFile(
      path,
      `${lines}${JSON.stringify(stranger)}\n${JSON.stringify({ ...stranger, chunk: 77 })}\n`,
    );
    const settlement = await stage.staging.settle(ref, null);
    expect(settlement?.mismatches).toEqual([
      'rows of part 0: 3 where the plan has 2',
      'rows of no part: 1 where the plan has 0',
    ]);
    expect(settlement).toMatchObject({ outcomes: { created: 2 }, baselineSize: 2 });
    const next = await exportAll(stage, [ANNA, BOB], { baseline: ref.exportId });
    expect(next.plan).toMatchObject({ chunks: 0, decided: { unchanged: 2 } });
  });
});
