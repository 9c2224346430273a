import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acknowledge,
  acknowledgeNew,
  type Answer,
  baselineOf,
  DESTINATION,
  type Exported,
  exportAll,
  FAKE,
  match,
  member,
  openStage,
  OTHER,
  refuseBob,
  type Respond,
  rowsOf,
  type Stage,
  VIP,
} from '../stage';
import { takeBack, type TakenBack } from '../taking-back';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };
const CARL = { key: '3', email: 'carl@mail.test', first: 'Carl', segments: ['vip'] };
const LEAVERS = { respond: acknowledgeNew };

const undo = (undone: Exported, input?: TakenBack) => takeBack(stage, undone, input);

const sent = ({ chunks }: Exported) =>
  chunks.map((chunk) => [
    chunk.kind,
    chunk.kind === 'upsert'
      ? chunk.rows.map(({ email, fields, tags }) => [email, fields, tags])
      : chunk.emails,
  ]);

const firstOf = (before: Exported) => rowsOf(before.chunks).map(({ email }) => email);

describe('undo', () => {
  test('of the first export untags all, and archives who it provably created', async () => {
    const audience = [member('bob@mail.test', 'subscribed', [OTHER])];
    const first = await exportAll(stage, [ANNA, BOB], { audience, ...LEAVERS });
    const undone = await undo(first, { audience: [] });
    expect(undone.plan).toMatchObject({
      departed: 2,
      removals: 2,
      archives: 1,
      notArchived: { not_created: 1 },
      remains: { overwritten: 1, forgotten: 0, reached: 2 },
    });
    expect(undone.settlement).toMatchObject({
      outcomes: { archived: 1, removed: 1 },
      mismatches: [],
      baselineSize: 0,
    });
  });

  test('sends the values and tags of the export before, and leaves its baseline', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const before = await baselineOf(stage, first);
    const second = await exportAll(stage, [{ ...ANNA, first: 'Other', segments: ['vip'] }, CARL], {
      ...LEAVERS,
      after: first,
    });
    const undone = await undo(second);
    expect(sent(undone)).toEqual([
      [
        'upsert',
        expect.arrayContaining([
          ['anna@mail.test', '{"FNAME":"Anna"}', '["VIP","Locals"]'],
          ['bob@mail.test', '{"FNAME":"Bob"}', '["Locals"]'],
        ]),
      ],
      ['untag', ['carl@mail.test']],
      ['archive', ['carl@mail.test']],
    ]);
    expect(undone.settlement).toMatchObject({
      outcomes: { updated: 2, archived: 1, created: 0 },
      remains: { overwritten: 0, forgotten: 0, reached: 1 },
      mismatches: [],
    });
    expect((await baselineOf(stage, undone)).filter(({ archived_at: at }) => at === null)).toEqual(before);
  });

  test('sends nothing the second time', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const second = await exportAll(stage, [{ ...ANNA, first: 'Other' }, CARL], { ...LEAVERS, after: first });
    const again = await undo(second, { after: await undo(second) });
    expect(again.plan).toMatchObject({ parts: [], creates: 0, updates: 0, removals: 0 });
    expect(again.settlement.outcomes).toMatchObject({ unchanged: 2 });
  });

  test('keeps contacts apart where the export before had a profile that was never sent', async () => {
    const audience = [member('bob@mail.test', 'unsubscribed', [OTHER])];
    const people = [ANNA, BOB, CARL];
    const refused = { respond: refuseBob(FAKE), audience };
    const first = await exportAll(stage, people, refused);
    const second = await exportAll(stage, people, { ...refused, after: first });
    const third = await exportAll(stage, [ANNA, BOB], { ...refused, after: second, leavers: 'archive' });
    const undone = await undo(third, { audience });
    expect(sent(undone)).toEqual([['upsert', [['carl@mail.test', expect.any(String), '["VIP"]']]]]);
    expect(undone.settlement).toMatchObject({ outcomes: { updated: 1, unchanged: 1 }, mismatches: [] });
    const addresses = (await baselineOf(stage, undone)).map(({ address }) => address);
    expect(new Set(addresses)).toEqual(new Set(people.map(({ email }) => email)));
    expect(addresses).toHaveLength(3);
  });

  test('accounts for every outcome that a plan decides, also where undos are taken back', async () => {
    const audience = [member('opted.out@mail.test', 'unsubscribed', [OTHER])];
    const refusals: Readonly<Record<string, Answer>> = {
      'fake@mail.test': FAKE,
      'deleted@mail.test': { result: 'suppressed', class: 'forgotten', text: 'was permanently deleted' },
      'throttled@mail.test': { result: 'throttled', class: 'too_many_signups', text: 'signed up to a lot' },
    };
    const respond: Respond = (email, chunk) => refusals[email] ?? acknowledgeNew(email, chunk);
    const entries = ['listed@mail.test'];
    await stage.staging.suppress({ destinationId: DESTINATION }, { entries, by: 'Kim', reason: '' });
    const emails = [...Object.keys(refusals), ...entries, 'opted.out@mail.test', ANNA.email, 'no address'];
    const decided = emails.map((email, index) => ({ ...BOB, key: `${10 + index}`, email }));
    const people = [ANNA, ...decided, { ...BOB, key: '90' }];
    const configured = { respond, audience, optedOut: 'skip', leavers: 'archive' } as const;
    const first = await exportAll(stage, [...people, { ...CARL, key: '91' }], configured);
    const second = await exportAll(stage, [{ ...ANNA, first: 'Other' }, ...people.slice(1)], {
      ...configured,
      after: first,
    });
    const undone = await undo(second, { audience, respond });
    const redone = await undo(undone, { audience, respond });
    const again = await undo(second, { after: redone, audience, respond });
    const none = await undo(first, { after: again, audience, respond });
    const next = await exportAll(stage, people, { ...configured, after: none });
    const all = [first, second, undone, redone, again, none, next];
    expect(all.map(({ settlement }) => settlement.mismatches)).toEqual(all.map(() => []));
    const isDecided = { duplicate: 1, invalid: 1, rejected: 1, suppressed: 3, throttled: 1 };
    for (const { settlement } of [first, second, next]) expect(settlement.outcomes).toMatchObject(isDecided);
    expect(undone.settlement.outcomes).toMatchObject({ updated: 2, unchanged: 1, duplicate: 1 });
    expect(again.settlement.outcomes).toEqual(undone.settlement.outcomes);
  });

  test('counts the same the second time of those who came back, and are archived again', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const archived = [member('anna@mail.test', 'archived'), member('bob@mail.test', 'archived')];
    const back = await exportAll(stage, [{ ...ANNA, first: 'Other' }, BOB], {
      ...LEAVERS,
      after: await undo(first),
      audience: archived,
    });
    const undone = await undo(back);
    expect(undone.settlement).toMatchObject({
      outcomes: { archived: 2 },
      remains: { overwritten: 0, forgotten: 2, reached: 2 },
    });
    const again = await undo(back, { after: undone, audience: archived });
    expect(again.plan.parts).toEqual([]);
    expect(again.plan.remains).toEqual(undone.plan.remains);
  });

  test('leaves contacts alone that the export did not change, whatever else has changed since', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
    const second = await exportAll(stage, [ANNA, BOB, CARL], { ...LEAVERS, after: first });
    expect(firstOf(second)).toEqual(['carl@mail.test']);
    const undone = await undo(second);
    expect(sent(undone)).toEqual([
      ['untag', ['carl@mail.test']],
      ['archive', ['carl@mail.test']],
    ]);
  });

  test('archives who the export before could not add, although its source had the profile', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { limit: 1, ...LEAVERS });
    const second = await exportAll(stage, [ANNA, BOB], { ...LEAVERS, after: first });
    const undone = await undo(second);
    expect(undone.settlement).toMatchObject({ outcomes: { archived: 1, unchanged: 1 }, mismatches: [] });
    expect(undone.chunks.at(-1)).toMatchObject({ kind: 'archive', emails: ['bob@mail.test'] });
  });

  test('sends no value that no export has sent before: it says of how many contacts', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const newBob = { ...BOB, first: 'Robert' };
    const second = await exportAll(stage, [ANNA, newBob], { after: first, respond: refuseBob(FAKE) });
    const third = await exportAll(stage, [ANNA, { ...BOB, first: 'Rob' }], { ...LEAVERS, after: second });
    const undone = await undo(third);
    expect(undone.chunks).toEqual([]);
    expect(undone.plan.remains).toEqual({ overwritten: 0, forgotten: 1, reached: 0 });
  });

  test('matches as the export before did', async () => {
    const first = await exportAll(stage, [ANNA], LEAVERS);
    const wrong = { fields: [match('email', 'FNAME')], segments: [VIP] };
    const second = await exportAll(stage, [ANNA], { ...LEAVERS, ...wrong, after: first });
    expect(rowsOf(second.chunks)).toMatchObject([{ fields: '{"FNAME":"anna@mail.test"}', tags: '["VIP"]' }]);
    const undone = await undo(second);
    expect(rowsOf(undone.chunks)).toMatchObject([{ fields: '{"FNAME":"Anna"}', tags: '["VIP","Locals"]' }]);
  });

  test('wakes who the export archived as a leaver, and archives again who it woke', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const second = await exportAll(stage, [ANNA], { ...LEAVERS, after: first, leavers: 'archive' });
    const archived = [member('bob@mail.test', 'archived')];
    const undone = await undo(second, { audience: archived });
    expect(rowsOf(undone.chunks)).toMatchObject([{ email: 'bob@mail.test', isReturning: true, known: true }]);
    const redone = await undo(undone);
    expect(redone.settlement.outcomes).toMatchObject({ archived: 1, unchanged: 1 });
  });

  test('does not archive who an earlier export created, and who only came back', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const second = await exportAll(stage, [ANNA], { ...LEAVERS, after: first });
    const third = await exportAll(stage, [ANNA, BOB], { respond: acknowledge, after: second });
    const undone = await undo(third, { respond: acknowledge });
    expect(undone.settlement).toMatchObject({ outcomes: { removed: 1, unchanged: 1, archived: 0 } });
    const back = await undo(second, { after: undone, respond: acknowledge });
    expect((await undo(back)).settlement.outcomes).toMatchObject({ removed: 1, unchanged: 1, archived: 0 });
    const redone = await undo(first, { after: back, respond: acknowledgeNew });
    expect(redone.settlement.outcomes).toMatchObject({ archived: 2 });
  });

  test('empties a field that the export filled first', async () => {
    const first = await exportAll(stage, [{ ...ANNA, first: '' }], LEAVERS);
    const second = await exportAll(stage, [ANNA], { ...LEAVERS, after: first });
    expect(rowsOf((await undo(second)).chunks)).toMatchObject([{ fields: '{"FNAME":""}' }]);
  });

  test('does not archive who has opted out since, and changes nothing of who was archived by others', async () => {
    const first = await exportAll(stage, [ANNA, BOB, CARL], LEAVERS);
    const audience = [member('anna@mail.test', 'unsubscribed'), member('bob@mail.test', 'archived')];
    const undone = await undo(first, { audience });
    expect(undone.settlement).toMatchObject({
      outcomes: { archived: 1, removed: 1, suppressed: 1 },
      notArchived: { opted_out: 1 },
    });
  });

  test('is refused for an export that a later one has changed, or whose rows are not kept', async () => {
    const first = await exportAll(stage, [ANNA], LEAVERS);
    const same = await exportAll(stage, [ANNA], { ...LEAVERS, after: first });
    expect((await undo(first, { after: same })).settlement.outcomes.archived).toBe(1);
    const second = await exportAll(stage, [ANNA, BOB], { ...LEAVERS, after: same });
    await expect(undo(first, { after: second })).rejects.toMatchObject({ code: 'UNDO_BLOCKED' });
    const undone = await undo(second, { after: second });
    await stage.staging.expire(first.ref.destinationId, {
      keepDays: 30,
      keepExports: 2,
      baseline: undone.ref.exportId,
    });
    await expect(undo(second, { after: undone })).rejects.toMatchObject({ code: 'UNDO_EXPIRED' });
  });

  test('passes over exports that sent nothing of their plan, before and after', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const broken = [{ ...ANNA, first: 'Wrong' }];
    const denied = await exportAll(stage, broken, { ...LEAVERS, after: first, isDenied: true });
    const second = await exportAll(stage, broken, { ...LEAVERS, after: denied });
    const undone = await undo(second);
    expect(rowsOf(undone.chunks)).toMatchObject([
      { email: 'anna@mail.test', fields: '{"FNAME":"Anna"}' },
      { email: 'bob@mail.test', tags: '["Locals"]' },
    ]);
    const held = await exportAll(stage, broken, { ...LEAVERS, after: undone, isDenied: true });
    expect((await undo(first, { after: held })).settlement.outcomes.archived).toBe(2);
  });

  test('is complete once nothing is left to take back, although a refusal is remembered', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const refused = [ANNA, { ...BOB, first: 'Refused' }];
    const second = await exportAll(stage, refused, { after: first, respond: refuseBob(FAKE) });
    const third = await exportAll(stage, [...refused, CARL], { ...LEAVERS, after: second });
    const undone = await undo(third);
    expect(undone.settlement.outcomes).toMatchObject({ archived: 1, rejected: 1 });
    const again = await undo(third, { after: undone });
    expect(again.plan.parts).toEqual([]);
    expect((await undo(second, { after: again })).settlement.mismatches).toEqual([]);
  });

  test('continues where an earlier undo of the same export was refused', async () => {
    const first = await exportAll(stage, [ANNA, BOB], LEAVERS);
    const second = await exportAll(
      stage,
      [
        { ...ANNA, first: 'X' },
        { ...BOB, first: 'Y' },
      ],
      { ...LEAVERS, after: first },
    );
    const partial = await undo(second, { respond: refuseBob({ result: 'unproven' }) });
    expect(partial.settlement.outcomes).toMatchObject({ updated: 1, unproven: 1 });
    await expect(undo(first, { after: partial })).rejects.toMatchObject({ code: 'UNDO_BLOCKED' });
    const rest = await undo(second, { after: partial });
    expect(rowsOf(rest.chunks)).toMatchObject([{ email: 'bob@mail.test', fields: '{"FNAME":"Bob"}' }]);
    expect((await undo(first, { after: rest })).settlement.outcomes.archived).toBe(2);
  });
});
