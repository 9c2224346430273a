import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportRef } from '../../src/contract/identifiers';
import type { CensusRow } from '../../src/contract/plan';
import { emailsOf, exportAll, openStage, type Profile, type Stage } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

function member(email: string, status: string, tags: readonly string[] = []): CensusRow {
  return { email, status, tags };
}

async function takeCensus(rows: readonly CensusRow[]): Promise<ExportRef> {
  const ref = stage.newExport();
  await stage.staging.sealCensusPage(ref, 0, rows);
  await stage.staging.sealCensus(ref);
  return ref;
}

const everybody = (
  profiles: readonly Profile[],
  census: ExportRef,
  after?: Awaited<ReturnType<typeof exportAll>>,
) => exportAll(stage, profiles, after ? { after } : { census: census.exportId });

describe('a census', () => {
  test('is put together from pages that are fetched once each', async () => {
    const ref = stage.newExport();
    expect(await stage.staging.hasCensusPage(ref, 0)).toBe(false);
    await stage.staging.sealCensusPage(ref, 0, [
      member('a@mail.test', 'subscribed'),
      member('b@mail.test', 'archived'),
    ]);
    await stage.staging.sealCensusPage(ref, 0, [member('ignored@mail.test', 'subscribed')]);
    await stage.staging.sealCensusPage(ref, 1_000, [member('c@mail.test', 'subscribed')]);
    await stage.staging.sealCensusPage(ref, 2_000, []);
    expect(await stage.staging.hasCensusPage(ref, 1_000)).toBe(true);
    const summary = { members: 3, byStatus: { archived: 1, subscribed: 2 } };
    expect(await stage.staging.sealCensus(ref)).toEqual(summary);
    expect(await stage.staging.sealCensus(ref)).toEqual(summary);
  });

  test('of an empty audience is empty', async () => {
    expect(await stage.staging.sealCensus(stage.newExport())).toEqual({ members: 0, byStatus: {} });
  });

  test('counts a member once whom two pages have, as the later page has it', async () => {
    const ref = stage.newExport();
    await stage.staging.sealCensusPage(ref, 9_000, [member('A@mail.test', 'subscribed')]);
    await stage.staging.sealCensusPage(ref, 10_000, [member('a@mail.test', 'unsubscribed')]);
    expect(await stage.staging.sealCensus(ref)).toEqual({ members: 1, byStatus: { unsubscribed: 1 } });
  });

  test('that is not in the store stops the plan', async () => {
    await expect(exportAll(stage, [ANNA], { census: stage.newExport().exportId })).rejects.toMatchObject({
      code: 'STAGING_CORRUPT',
    });
  });
});

describe('who was in the audience before us', () => {
  test('is known, so that an acknowledgement is an update', async () => {
    const census = await takeCensus([
      member('Anna@MAIL.test', 'subscribed'),
      member('jo@münchen.de', 'unsubscribed'),
    ]);
    const first = await everybody([ANNA, BOB, { ...BOB, key: '3', email: 'Jo@MÜNCHEN.de' }], census);
    expect(first.plan).toMatchObject({ creates: 1, updates: 2 });
    expect(first.settlement.outcomes).toMatchObject({ created: 1, updated: 2 });
  });

  test('and is archived gets nothing, in this export and in later ones without a census of their own', async () => {
    const census = await takeCensus([member('anna@mail.test', 'archived')]);
    const first = await everybody([ANNA, BOB], census);
    expect(first.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
    expect(first.settlement).toMatchObject({
      outcomes: { suppressed: 1, created: 1 },
      refusals: [{ outcome: 'suppressed', class: 'archived', text: '', count: 1 }],
    });
    expect(await stage.staging.readRejects(first.ref, {})).toMatchObject([
      { key: '1', outcome: 'suppressed', reason: 'archived' },
    ]);
    const second = await everybody([{ ...ANNA, first: 'Ann' }, BOB], census, first);
    expect(second.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1, unchanged: 1 } });
  });

  test('and carried a tag keeps it: it is not ours, although our append named it too', async () => {
    const census = await takeCensus([member('anna@mail.test', 'subscribed', ['vip', 'Other'])]);
    const first = await everybody([ANNA, BOB], census);
    expect(first.chunks).toMatchObject([{ rows: [{ tags: '["VIP","Locals"]' }, {}] }]);
    expect(first.plan.segments.map(({ toTag }) => toTag)).toEqual([0, 2]);
    const same = await everybody([ANNA, BOB], census, first);
    expect(same.plan.chunks).toBe(0);
    const left = await everybody([BOB], census, same);
    expect(left.chunks).toEqual([{ kind: 'untag', chunk: 0, tagId: 12, emails: ['anna@mail.test'] }]);
  });

  test('with all our tags is removed without a request when leaving', async () => {
    const census = await takeCensus([member('anna@mail.test', 'subscribed', ['VIP', 'Locals'])]);
    const first = await everybody([ANNA, BOB], census);
    const left = await everybody([BOB], census, first);
    expect(left.plan).toMatchObject({
      departed: 1,
      removals: 0,
      chunks: 0,
      decided: { removed: 1, unchanged: 1 },
    });
    const later = await everybody([BOB], census, left);
    expect(later.plan).toMatchObject({ departed: 0, decided: { removed: 0, unchanged: 1 } });
  });

  test('counts also for somebody who is selected only later', async () => {
    const census = await takeCensus([
      member('anna@mail.test', 'archived'),
      member('carl@mail.test', 'subscribed', ['VIP']),
    ]);
    const first = await everybody([BOB], census);
    const carl = { key: '4', email: 'carl@mail.test', first: 'Carl', segments: ['vip'] };
    const second = await everybody([ANNA, BOB, carl], census, first);
    expect(second.settlement.outcomes).toMatchObject({ suppressed: 1, updated: 1, unchanged: 1 });
    const third = await everybody([BOB], census, second);
    expect(third.plan).toMatchObject({ departed: 1, chunks: 0 });
  });

  test('does not make our own tags someone else’s when a later census finds them', async () => {
    const first = await everybody([ANNA, BOB], await takeCensus([]));
    const census = await takeCensus([member('anna@mail.test', 'subscribed', ['VIP', 'Locals'])]);
    const left = await exportAll(stage, [BOB], { after: first, census: census.exportId });
    expect(left.plan).toMatchObject({ departed: 1, removals: 1 });
  });

  test('and was archived since we exported is left alone, tags and all', async () => {
    const first = await everybody([ANNA, BOB], await takeCensus([]));
    const census = await takeCensus([member('anna@mail.test', 'archived', ['VIP', 'Locals'])]);
    const changed = await exportAll(stage, [{ ...ANNA, first: 'Ann' }, BOB], {
      after: first,
      census: census.exportId,
    });
    expect(changed.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1 } });
    const left = await exportAll(stage, [BOB], { after: first, census: census.exportId });
    expect(left.plan).toMatchObject({ departed: 1, chunks: 0, decided: { suppressed: 1 } });
  });
});

test('expiry keeps the census that later plans read', async () => {
  const census = await takeCensus([member('anna@mail.test', 'archived')]);
  const first = await everybody([BOB], census);
  await stage.staging.claim(stage.newExport());
  await stage.staging.expire(census.destinationId, { baseline: first.ref.exportId, keepDays: 0 });
  const second = await everybody([ANNA, BOB], census, first);
  expect(second.plan.decided.suppressed).toBe(1);
});
