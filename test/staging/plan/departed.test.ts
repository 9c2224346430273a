import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  baselineOf,
  emailsOf,
  exportAll,
  LOCALS,
  match,
  member,
  openStage,
  refuseBob,
  rowsOf,
  type Stage,
  VIP,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

describe('a contact that leaves', () => {
  test('one of two segments loses that tag only, and keeps the other', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [{ ...ANNA, segments: ['vip'] }, BOB], { after: first });
    expect(second.plan).toMatchObject({ updates: 1, removals: 0, departed: 0 });
    expect(second.chunks).toEqual([{ kind: 'untag', chunk: 0, tagId: 12, emails: ['anna@mail.test'] }]);
    expect(second.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
  });

  test('one segment and joins another is tagged first and untagged in a later part', async () => {
    const first = await exportAll(stage, [{ ...ANNA, segments: ['vip'] }]);
    const second = await exportAll(stage, [{ ...ANNA, segments: ['locals'] }], { after: first });
    expect(second.plan.parts.map(({ kind }) => kind)).toEqual(['upsert', 'untag']);
    expect(second.chunks).toMatchObject([
      { kind: 'upsert', rows: [{ tags: '["Locals"]' }] },
      { kind: 'untag', tagId: 11 },
    ]);
    expect(second.settlement.outcomes).toMatchObject({ updated: 1, created: 0 });
  });

  test('all of them departs and loses all our tags, once', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [BOB], { after: first });
    expect(second.plan).toMatchObject({ departed: 1, removals: 1, baselineSize: 2 });
    expect(second.chunks).toEqual([
      { kind: 'untag', chunk: 0, tagId: 11, emails: ['anna@mail.test'] },
      { kind: 'untag', chunk: 1, tagId: 12, emails: ['anna@mail.test'] },
    ]);
    expect(second.settlement).toMatchObject({
      selected: 1,
      departed: 1,
      outcomes: { removed: 1, unchanged: 1 },
      baselineSize: 1,
      segments: [
        { segment: 'vip', profiles: 0, tagged: 0, untagged: 1, failed: 0, notSent: 0 },
        { segment: 'locals', profiles: 1, tagged: 0, untagged: 1, failed: 0, notSent: 0 },
      ],
    });
    const third = await exportAll(stage, [BOB], { after: second });
    expect(third.plan).toMatchObject({ departed: 0, chunks: 0, baselineSize: 1 });
  });

  test('leaves the baseline once it is off all tags, and comes back as a new one', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [BOB], { after: first });
    expect((await baselineOf(stage, second)).map(({ address }) => address)).toEqual([BOB.email]);
    const third = await exportAll(stage, [ANNA, BOB], { after: second });
    expect(third.settlement.outcomes).toMatchObject({ created: 1, unchanged: 1 });
  });

  test('stays in the baseline while it has opted out: a new address of its profile gets nothing', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const audience = [member(ANNA.email, 'unsubscribed')];
    const second = await exportAll(stage, [BOB], { after: first, audience });
    const third = await exportAll(stage, [BOB], { after: second, audience });
    const moved = { ...ANNA, email: 'anna@new.test' };
    const fourth = await exportAll(stage, [moved, BOB], { after: third, audience });
    expect(fourth.settlement.outcomes).toMatchObject({ suppressed: 1, unchanged: 1 });
  });

  test('by becoming invalid departs too', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [{ ...ANNA, email: 'anna@' }, BOB], { after: first });
    expect(second.settlement).toMatchObject({
      selected: 2,
      departed: 1,
      outcomes: { invalid: 1, removed: 1, unchanged: 1 },
    });
  });

  test('no segment, but is invalid by a field only, keeps its tags', async () => {
    const fields = [match('first', 'FNAME', { required: true })];
    const first = await exportAll(stage, [ANNA, BOB], { fields });
    const second = await exportAll(stage, [ANNA, { ...BOB, first: '' }], { after: first, fields });
    expect(second.plan).toMatchObject({ chunks: 0, departed: 0 });
    expect(second.settlement).toMatchObject({ baselineSize: 2, outcomes: { invalid: 1, unchanged: 1 } });
    const third = await exportAll(stage, [ANNA], { after: second, fields });
    expect(third.settlement).toMatchObject({ departed: 1, outcomes: { removed: 1 } });
  });

  test('keeps a tag that another profile of the address has, also when that is invalid by a field now', async () => {
    const fields = [match('first', 'FNAME', { required: true })];
    const vip = { ...ANNA, segments: ['vip'] };
    const local = { ...ANNA, key: '5', segments: ['locals'] };
    const first = await exportAll(stage, [vip, local], { fields });
    const second = await exportAll(stage, [vip, { ...local, first: '' }], { after: first, fields });
    expect(second.plan).toMatchObject({ chunks: 0, decided: { invalid: 1, unchanged: 1 } });
    const third = await exportAll(stage, [vip], { after: second, fields });
    expect(third.chunks).toMatchObject([{ kind: 'untag', tagId: 12, emails: ['anna@mail.test'] }]);
  });

  test('without ever having been acknowledged is still new when it comes back', async () => {
    const respond = refuseBob({ result: 'unproven', class: 'no_answer' });
    const first = await exportAll(stage, [ANNA, BOB], { respond });
    const second = await exportAll(stage, [ANNA], { after: first });
    expect(second.settlement.outcomes).toMatchObject({ removed: 1 });
    const third = await exportAll(stage, [ANNA, BOB], { after: second });
    expect(rowsOf(third.chunks)).toMatchObject([{ email: 'bob@mail.test', known: false }]);
    expect(third.settlement).toMatchObject({ outcomes: { created: 1, unchanged: 1 } });
  });

  test('by getting a new address departs under the old one and is created under the new one', async () => {
    const first = await exportAll(stage, [ANNA]);
    const second = await exportAll(stage, [{ ...ANNA, email: 'ann@mail.test' }], { after: first });
    expect(second.settlement.outcomes).toMatchObject({ created: 1, removed: 1 });
  });

  test('keeps the tags while lines of the source are unreadable, and loses them when all lines are readable again', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const kept = await exportAll(stage, [{ ...BOB, first: 'Rob', segments: ['vip'] }], {
      after: first,
      keepDeparted: true,
    });
    expect(kept.chunks).toMatchObject([
      { kind: 'upsert', rows: [{ email: 'bob@mail.test', tags: '["VIP"]' }] },
    ]);
    expect(kept.settlement).toMatchObject({
      departed: 1,
      baselineSize: 2,
      outcomes: { updated: 1, unchanged: 1 },
    });
    const whole = await exportAll(stage, [{ ...BOB, first: 'Rob', segments: ['vip'] }], { after: kept });
    expect(whole.settlement.outcomes).toMatchObject({ removed: 1, updated: 1 });
    expect(whole.chunks.map((chunk) => [chunk.kind, emailsOf(chunk)])).toEqual([
      ['untag', ['anna@mail.test']],
      ['untag', ['bob@mail.test', 'anna@mail.test']],
    ]);
  });
});

describe('a segment', () => {
  test('that is no longer configured is removed from its contacts, and the report still names it', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [ANNA], { segments: [VIP], after: first });
    expect(second.plan.segments).toEqual([
      { segment: 'vip', tag: 'VIP', profiles: 1, toTag: 0, toUntag: 0 },
      { segment: 'locals', tag: 'Locals', profiles: 0, toTag: 0, toUntag: 2 },
    ]);
    expect(second.settlement.segments).toContainEqual({
      segment: 'locals',
      tagId: 12,
      name: 'Locals',
      profiles: 0,
      tagged: 0,
      untagged: 2,
      failed: 0,
      notSent: 0,
    });
    const third = await exportAll(stage, [ANNA], { segments: [VIP], after: second });
    expect(third.plan.segments).toHaveLength(1);
  });

  test('whose tag was renamed in Mailchimp stays the same by its id: nothing is sent', async () => {
    const first = await exportAll(stage, [ANNA]);
    const second = await exportAll(stage, [ANNA], {
      segments: [{ ...VIP, tag: 'Very important' }, LOCALS],
      after: first,
    });
    expect(second.plan.chunks).toBe(0);
  });

  test('whose tag was deleted in Mailchimp and created again tags its contacts again, and untags none', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const segments = [{ ...VIP, tagId: 99 }, LOCALS];
    const second = await exportAll(stage, [ANNA, BOB], { segments, after: first });
    expect(second.chunks.map((chunk) => [chunk.kind, emailsOf(chunk)])).toEqual([
      ['upsert', ['anna@mail.test']],
    ]);
    const third = await exportAll(stage, [BOB], { segments, after: second });
    expect(third.chunks).toMatchObject([
      { kind: 'untag', tagId: 12 },
      { kind: 'untag', tagId: 99 },
    ]);
  });

  test('may be one of many: tags keep apart beyond 64 of them', async () => {
    const segments = Array.from({ length: 130 }, (_, index) => ({
      segment: `s${index}`,
      tag: `T${index}`,
      tagId: 1_000 + index,
    }));
    const wide = { ...ANNA, segments: ['s0', 's63', 's64', 's129'] };
    const first = await exportAll(stage, [wide], { segments });
    expect(first.chunks).toMatchObject([{ rows: [{ tags: '["T0","T63","T64","T129"]' }] }]);
    const second = await exportAll(stage, [{ ...wide, segments: ['s0', 's64', 's65'] }], {
      segments,
      after: first,
    });
    expect(second.chunks).toMatchObject([
      { kind: 'upsert', rows: [{ tags: '["T0","T64","T65"]' }] },
      { kind: 'untag', tagId: 1_063 },
      { kind: 'untag', tagId: 1_129 },
    ]);
  });
});
