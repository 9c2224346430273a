import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acknowledge,
  acknowledgeNew,
  ARCHIVED_AT,
  baselineOf,
  type Exported,
  exportAll,
  member,
  openStage,
  type Respond,
  rowsOf,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };
const ARCHIVE = { leavers: 'archive', respond: acknowledgeNew } as const;

const exportBoth = (respond: Respond = acknowledgeNew) => exportAll(stage, [ANNA, BOB], { respond });
const annaLeaves = (after: Exported, respond: Respond = acknowledgeNew) =>
  exportAll(stage, [BOB], { after, ...ARCHIVE, respond });

/** The canned answer for what is to be archived, and acknowledgements for the rest. */
function answering(answer: ReturnType<Respond>): Respond {
  return (email, chunk) => (chunk.kind === 'archive' ? answer : acknowledgeNew(email, chunk));
}

describe('leavers: archive', () => {
  test('untags a contact that we created and that has left, then archives it, and counts it as archived', async () => {
    const second = await annaLeaves(await exportBoth());
    expect(second.plan).toMatchObject({ departed: 1, removals: 1, archives: 1 });
    expect(second.plan.parts.map(({ kind, canary }) => ({ kind, canary }))).toEqual([
      { kind: 'untag', canary: true },
      { kind: 'untag', canary: false },
      { kind: 'archive', canary: false },
    ]);
    expect(second.chunks.at(-1)).toEqual({
      kind: 'archive',
      chunk: 2,
      emails: ['anna@mail.test'],
    });
    expect(second.settlement).toMatchObject({
      outcomes: { archived: 1, removed: 0, unchanged: 1 },
      baselineSize: 1,
      mismatches: [],
    });
    expect(second.settlement.notArchived).toBeUndefined();
  });

  test('only untags a contact that was in the audience before, or that the reply did not count as new', async () => {
    const audience = [member('anna@mail.test', 'subscribed')];
    const known = await exportAll(stage, [ANNA, BOB], { audience, respond: acknowledgeNew });
    const left = await annaLeaves(known);
    expect(left.plan).toMatchObject({ removals: 1, notArchived: { not_created: 1 } });
    expect(left.settlement).toMatchObject({ outcomes: { removed: 1 }, notArchived: { not_created: 1 } });

    const unproven = await annaLeaves(
      await exportAll(stage, [ANNA, BOB], { after: left, respond: acknowledge }),
    );
    expect(unproven.settlement).toMatchObject({ outcomes: { removed: 1 }, notArchived: { not_created: 1 } });
  });

  test('only untags a contact that has opted out, whatever it does later', async () => {
    const first = await exportBoth();
    const left = await exportAll(stage, [BOB], {
      after: first,
      ...ARCHIVE,
      audience: [member('anna@mail.test', 'unsubscribed')],
    });
    expect(left.settlement).toMatchObject({ outcomes: { removed: 1 }, notArchived: { opted_out: 1 } });

    const stays = await exportAll(stage, [ANNA, { ...BOB, first: 'Rob' }], {
      after: first,
      respond: acknowledgeNew,
      audience: [member('anna@mail.test', 'unsubscribed'), member('bob@mail.test', 'cleaned')],
    });
    const subscribedAgain = await exportAll(stage, [], { after: stays, ...ARCHIVE });
    expect(subscribedAgain.settlement).toMatchObject({
      outcomes: { removed: 2, archived: 0 },
      notArchived: { not_created: 2 },
    });
  });

  test('counts a contact that may not be archived by what is read just before as removed, with the reason', async () => {
    const foreign = answering({ result: 'acknowledged', class: 'foreign_tags' });
    const second = await annaLeaves(await exportBoth(), foreign);
    expect(second.settlement).toMatchObject({
      outcomes: { removed: 1, archived: 0 },
      notArchived: { foreign_tags: 1 },
    });
    // It is off our tags, so it is no longer ours to judge.
    expect((await annaLeaves(second)).plan).toMatchObject({ departed: 0, chunks: 0 });
  });

  test('archives a contact later whose step was cut off, and counts it as unproven until then', async () => {
    const lost = answering({ result: 'unproven', class: 'no_answer' });
    const second = await annaLeaves(await exportBoth(), lost);
    expect(second.settlement).toMatchObject({ outcomes: { unproven: 1, archived: 0 } });
    const third = await annaLeaves(second);
    expect(third.plan.parts).toMatchObject([{ kind: 'archive', canary: false, rows: 1 }]);
    expect(third.settlement.outcomes).toMatchObject({ archived: 1, unchanged: 1 });
  });

  test('archives no contact while lines of the source are unreadable', async () => {
    const second = await exportAll(stage, [BOB], {
      after: await exportBoth(),
      ...ARCHIVE,
      keepDeparted: true,
    });
    expect(second.plan).toMatchObject({ removals: 0, chunks: 0, decided: { unchanged: 2 } });
  });
});

describe('a contact that we have archived', () => {
  const archived = [member('anna@mail.test', 'archived')];

  test('comes back when a profile has its address again, with all its fields and tags', async () => {
    const second = await annaLeaves(await exportBoth());
    const quiet = await exportAll(stage, [BOB], { after: second, ...ARCHIVE, audience: archived });
    expect(quiet.plan).toMatchObject({ departed: 0, chunks: 0 });
    const third = await exportAll(stage, [ANNA, BOB], { after: quiet, ...ARCHIVE, audience: archived });
    expect(rowsOf(third.chunks)).toMatchObject([
      {
        email: 'anna@mail.test',
        tags: '["VIP","Locals"]',
        status: 'archived',
        isReturning: true,
        archivedAt: ARCHIVED_AT,
        known: true,
      },
    ]);
    expect(third.settlement).toMatchObject({
      outcomes: { updated: 1, unchanged: 1, suppressed: 0 },
      // The list of the archive is of before.
      baselineSize: 2,
      gone: 0,
    });
    const [anna] = await baselineOf(stage, third);
    expect(anna).toMatchObject({ address: 'anna@mail.test', created: true, archived_at: null });
  });

  test('does not come back once others have put it back and archived it again', async () => {
    const second = await annaLeaves(await exportBoth());
    const back = await exportAll(stage, [BOB], { after: second, ...ARCHIVE, audience: [] });
    const third = await exportAll(stage, [ANNA, BOB], { after: back, ...ARCHIVE, audience: archived });
    expect(third.settlement).toMatchObject({
      outcomes: { suppressed: 1 },
      refusals: [{ class: 'archived', count: 1 }],
    });
  });

  test('does not come back once others have archived it again, also between two exports', async () => {
    const second = await annaLeaves(await exportBoth());
    // It may have opted out in between: the list shows the archive only.
    const again = [{ ...member('anna@mail.test', 'archived'), changedAt: '2026-02-01T08:30:00.000Z' }];
    const third = await exportAll(stage, [ANNA, BOB], { after: second, ...ARCHIVE, audience: again });
    expect(third.settlement).toMatchObject({
      outcomes: { suppressed: 1, updated: 0 },
      refusals: [{ class: 'archived', count: 1 }],
    });
    // Nor later, nor does it count as created by us.
    const quiet = await exportAll(stage, [BOB], { after: second, ...ARCHIVE, audience: again });
    const [anna] = await baselineOf(stage, quiet);
    expect(anna).toMatchObject({ address: 'anna@mail.test', created: false, archived_at: null });
  });

  test('comes back by a baseline of version 0.4.0, which has the time of the end of its export', async () => {
    const old = answering({ result: 'acknowledged', status: 'archived' });
    const second = await annaLeaves(await exportBoth(), old);
    const third = await exportAll(stage, [ANNA, BOB], { after: second, ...ARCHIVE, audience: archived });
    expect(third.settlement.outcomes).toMatchObject({ updated: 1, suppressed: 0 });
  });

  test('is as we left it where it was updated and stayed archived', async () => {
    const second = await annaLeaves(await exportBoth());
    const changedAt = '2026-02-01T08:30:00.000Z';
    const stays: Respond = (email, chunk) => ({
      ...acknowledge(email, chunk),
      ...(email === 'anna@mail.test' && { status: 'archived', changedAt }),
    });
    const third = await exportAll(stage, [ANNA, BOB], {
      after: second,
      ...ARCHIVE,
      audience: archived,
      respond: stays,
    });
    expect(third.settlement).toMatchObject({ baselineSize: 1, gone: 1 });
    const fourth = await exportAll(stage, [{ ...ANNA, first: 'Ann' }, BOB], {
      after: third,
      ...ARCHIVE,
      audience: [{ ...member('anna@mail.test', 'archived'), changedAt }],
    });
    expect(fourth.settlement.outcomes).toMatchObject({ updated: 1, suppressed: 0 });
  });

  test('keeps an opt-out that came after', async () => {
    const second = await annaLeaves(await exportBoth());
    const audience = [member('anna@mail.test', 'unsubscribed')];
    const third = await exportAll(stage, [ANNA, BOB], { after: second, ...ARCHIVE, audience });
    expect(rowsOf(third.chunks)).toMatchObject([{ email: 'anna@mail.test', status: 'unsubscribed' }]);
    expect(rowsOf(third.chunks)[0]).not.toHaveProperty('isReturning');
  });

  test('withholds nothing from a new address of its profile', async () => {
    const second = await annaLeaves(await exportBoth());
    const moved = { ...ANNA, email: 'anna@new.test' };
    const third = await exportAll(stage, [moved, BOB], { after: second, ...ARCHIVE, audience: archived });
    expect(third.settlement.outcomes).toMatchObject({ created: 1, suppressed: 0 });
  });

  test('does not come back by itself where it is not certain that we archived it', async () => {
    const uncertain = answering({ result: 'acknowledged', status: 'archived', class: 'uncertain' });
    const second = await annaLeaves(await exportBoth(), uncertain);
    expect(second.settlement).toMatchObject({ outcomes: { archived: 1 }, uncertainArchived: 1 });
    const third = await exportAll(stage, [ANNA, BOB], { after: second, ...ARCHIVE, audience: archived });
    expect(third.settlement.outcomes).toMatchObject({ suppressed: 1, updated: 0 });
  });
});

describe('leavers: keep', () => {
  test('leaves the tags of those who left all segments, until the setting changes', async () => {
    const first = await exportBoth();
    const second = await exportAll(stage, [BOB], { after: first, leavers: 'keep' });
    expect(second.plan).toMatchObject({ departed: 1, removals: 0, chunks: 0, baselineSize: 2 });
    expect(second.settlement.outcomes).toMatchObject({ unchanged: 2, removed: 0 });
    const third = await exportAll(stage, [BOB], { after: second, leavers: 'untag' });
    expect(third.settlement.outcomes).toMatchObject({ removed: 1, unchanged: 1 });
  });

  test('still removes the tag of one of two segments', async () => {
    const first = await exportBoth();
    const second = await exportAll(stage, [{ ...ANNA, segments: ['vip'] }, BOB], {
      after: first,
      leavers: 'keep',
    });
    expect(second.settlement.segments).toMatchObject([{ untagged: 0 }, { untagged: 1 }]);
  });
});
