import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  baselineOf,
  exportAll,
  LOCALS,
  openStage,
  rowsOf,
  VIP,
  type Exported,
  type Profile,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANN = { key: '1', email: 'ann@mail.test', first: 'Ann', segments: ['vip'] } satisfies Profile;
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['vip'] } satisfies Profile;
const CYD = { key: '3', email: 'cyd@mail.test', first: 'Cyd', segments: ['vip'] } satisfies Profile;
const none = (profile: Profile): Profile => ({ ...profile, segments: [] });

const write = { part: 0, attempt: 1, lane: 'direct' } as const;
/** A process that was frozen sends the first part of an export, after later ones have ended. */
const writesLate = ({ ref }: Exported) => stage.staging.recordLateWrite(ref, write, null);
const changesOf = ({ chunks }: Exported) =>
  chunks.map((chunk) =>
    chunk.kind === 'upsert'
      ? chunk.rows.map(({ email, tags }) => `${email} gets ${tags}`)
      : chunk.emails.map((email) => `${email} loses ${chunk.kind === 'untag' ? chunk.tagId : 'its place'}`),
  );

describe('contacts that an earlier export may have written late', () => {
  test('are sent again by the next export, and by none after it', async () => {
    const first = await exportAll(stage, [ANN, BOB], { audience: [] });
    const second = await exportAll(stage, [{ ...ANN, first: 'Anna' }, BOB], { after: first });
    await writesLate(first);
    const people = [{ ...ANN, first: 'Anna' }, BOB, CYD];
    const third = await exportAll(stage, people, { after: second });
    expect(rowsOf(third.chunks).map(({ email, fields }) => [email, fields])).toEqual([
      ['ann@mail.test', '{"FNAME":"Anna"}'],
      ['bob@mail.test', '{"FNAME":"Bob"}'],
      ['cyd@mail.test', '{"FNAME":"Cyd"}'],
    ]);
    expect(third.settlement.outcomes).toMatchObject({ created: 1, updated: 2 });
    const fourth = await exportAll(stage, people, { after: third });
    expect(fourth.settlement.outcomes).toMatchObject({ unchanged: 3 });
  });

  test('lose the tag again where they have left since, also if the baseline has no trace of it', async () => {
    const first = await exportAll(stage, [ANN, BOB, CYD], { audience: [] });
    const second = await exportAll(stage, [ANN, none(BOB)], { after: first });
    const third = await exportAll(stage, [ANN], { after: second });
    await writesLate(first);
    const fourth = await exportAll(stage, [ANN], { after: third });
    expect(changesOf(fourth).flat().toSorted()).toEqual([
      'ann@mail.test gets ["VIP"]',
      'bob@mail.test loses 11',
      'cyd@mail.test loses 11',
    ]);
    expect(fourth.settlement.outcomes).toMatchObject({ updated: 1, removed: 2 });
    const fifth = await exportAll(stage, [ANN], { after: fourth });
    expect(changesOf(fifth)).toEqual([]);
  });

  test('that were never in the baseline lose what the write has added', async () => {
    const first = await exportAll(stage, [ANN], { audience: [] });
    const second = await exportAll(stage, [ANN, BOB], {
      after: first,
      respond: () => ({ result: 'rejected', class: 'unknown', text: 'no' }),
    });
    const third = await exportAll(stage, [ANN], { after: second });
    await writesLate(second);
    const fourth = await exportAll(stage, [ANN], { after: third });
    expect(changesOf(fourth).flat()).toEqual(['bob@mail.test loses 11']);
    expect(fourth.settlement).toMatchObject({ departed: 1, outcomes: { removed: 1, unchanged: 1 } });
  });

  test('stay exposed if the next export does not prove them', async () => {
    const first = await exportAll(stage, [ANN], { audience: [] });
    const second = await exportAll(stage, [ANN], { after: first });
    await writesLate(first);
    const third = await exportAll(stage, [ANN], {
      after: second,
      respond: () => ({ result: 'unproven', class: 'no_answer' }),
    });
    expect(await baselineOf(stage, third)).toMatchObject([{ address: ANN.email, state: 'exposed' }]);
    const fourth = await exportAll(stage, [ANN], { after: third });
    expect(fourth.settlement.outcomes).toMatchObject({ updated: 1 });
  });

  test('are tagged again where the late write was the removal of a tag', async () => {
    const both = { ...ANN, segments: ['vip', 'locals'] };
    const first = await exportAll(stage, [both], { audience: [] });
    const second = await exportAll(stage, [ANN], { after: first });
    const part = second.plan.parts.findIndex(({ kind }) => kind === 'untag');
    const third = await exportAll(stage, [both], { after: second });
    await stage.staging.recordLateWrite(second.ref, { ...write, part }, null);
    const fourth = await exportAll(stage, [both], { after: third });
    expect(changesOf(fourth).flat()).toEqual([`ann@mail.test gets ${JSON.stringify([VIP.tag, LOCALS.tag])}`]);
  });

  test('are not taken for members that another tool has tagged', async () => {
    const first = await exportAll(stage, [ANN, BOB], { audience: [] });
    const second = await exportAll(stage, [ANN], { after: first });
    await writesLate(first);
    const third = await exportAll(stage, [ANN], {
      after: second,
      scope: 'full',
      audience: [ANN, BOB].map(({ email }) => ({ email, status: 'subscribed', tags: [11] })),
    });
    expect(changesOf(third).flat()).toContain('bob@mail.test loses 11');
  });
});

describe('a write of an earlier export', () => {
  test('that is open may still come, and has to be waited for; one that has ended has not', async () => {
    const first = await exportAll(stage, [ANN], { audience: [] });
    const later = stage.newExport();
    await stage.staging.claim(later);
    const awaited = async () =>
      (await stage.staging.unansweredWrites(later)).map(({ exportId, part }) => [exportId, part.part]);
    expect(await awaited()).toEqual([]);
    await stage.staging.openWrite(first.ref, write);
    expect(await awaited()).toEqual([[first.ref.exportId, 0]]);
    await stage.staging.endWrite(first.ref, write);
    expect(await awaited()).toEqual([]);
  });

  test('is awaited however many exports have drained since', async () => {
    const first = await exportAll(stage, [ANN], { audience: [] });
    const second = await exportAll(stage, [ANN], { after: first });
    await stage.staging.recordDrained(second.ref);
    await stage.staging.recordLateWrite(first.ref, write, 'b1');
    const later = stage.newExport();
    await stage.staging.claim(later);
    expect(await stage.staging.unansweredWrites(later)).toMatchObject([
      { exportId: first.ref.exportId, batchId: 'b1' },
    ]);
  });
});
