import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acknowledgeNew,
  DESTINATION,
  emailsOf,
  exportAll,
  match,
  member,
  openStage,
  refuseBob,
  rowsOf,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const BOB = { key: '2', email: 'Bob@Mail.test', first: 'Bob', segments: ['locals'] };
const LISTED = { destinationId: DESTINATION };
const ACCOUNT = 'a1b2';
const WHO = { by: 'Kim', reason: 'asked by phone' };

const hash = (algorithm: string) => createHash(algorithm).update('bob@mail.test').digest('hex');

describe('an address on a suppression list', () => {
  test.each([
    ['its text, in any case', LISTED, ' BOB@mail.test '],
    ['its SHA-256', LISTED, hash('sha256')],
    ['its MD5, in capital letters', LISTED, hash('md5').toUpperCase()],
    ['the list of the account', { accountId: ACCOUNT }, 'bob@mail.test'],
  ])('is not added: by %s', async (_, scope, entry) => {
    await stage.staging.suppress(scope, { entries: [entry], ...WHO });
    const done = await exportAll(stage, [ANNA, BOB], { accountId: ACCOUNT });
    expect(done.chunks.flatMap(emailsOf)).toEqual(['anna@mail.test']);
    expect(done.settlement.outcomes).toMatchObject({ created: 1, suppressed: 1 });
    expect(await stage.staging.readFailures(done.ref, {})).toMatchObject([
      { key: '2', outcome: 'suppressed', reason: 'suppression_list' },
    ]);
  });

  test('that was exported before loses our tags, once, and gets nothing else; taken off the list, it is sent again', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    await stage.staging.suppress(LISTED, { entries: ['bob@mail.test'], ...WHO });
    const changed = { ...BOB, first: 'Robert' };
    const second = await exportAll(stage, [ANNA, changed], { after: first });
    expect(rowsOf(second.chunks)).toEqual([]);
    expect(second.chunks).toMatchObject([{ kind: 'untag', emails: ['bob@mail.test'] }]);
    expect(second.settlement.outcomes).toMatchObject({ suppressed: 1, unchanged: 1, updated: 0 });
    const third = await exportAll(stage, [ANNA, changed], { after: second });
    expect(third.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1 } });
    expect(await stage.staging.unsuppress(LISTED, ['bob@mail.test'])).toBe(1);
    const fourth = await exportAll(stage, [ANNA, changed], { after: third });
    expect(rowsOf(fourth.chunks)).toMatchObject([{ email: 'bob@mail.test' }]);
    expect(fourth.settlement.outcomes).toMatchObject({ updated: 1, suppressed: 0 });
  });

  test('that has left loses our tags also where leavers keep theirs', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const left = await exportAll(stage, [ANNA], { after: first, leavers: 'keep' });
    expect(left.plan).toMatchObject({ chunks: 0, decided: { unchanged: 2 } });
    await stage.staging.suppress(LISTED, { entries: ['bob@mail.test'], ...WHO });
    const second = await exportAll(stage, [ANNA], { after: left, leavers: 'keep' });
    expect(second.chunks).toMatchObject([{ kind: 'untag', emails: ['bob@mail.test'] }]);
    expect(second.settlement.outcomes).toMatchObject({ removed: 1, unchanged: 1 });
    const third = await exportAll(stage, [ANNA], { after: second, leavers: 'keep' });
    expect(third.plan).toMatchObject({ chunks: 0, departed: 0 });
  });

  test.each([undefined, 'keep', 'archive'] as const)(
    'whose profile is invalid by a field, and so would keep its tags, loses them, and is not archived: leavers %s',
    async (leavers) => {
      const asked = { fields: [match('first', 'FNAME', { required: true })], ...(leavers && { leavers }) };
      const first = await exportAll(stage, [ANNA, BOB], { ...asked, respond: acknowledgeNew });
      const invalid = { ...BOB, first: '' };
      const second = await exportAll(stage, [ANNA, invalid], { ...asked, after: first });
      expect(second.plan).toMatchObject({ chunks: 0, departed: 0, decided: { invalid: 1 } });
      await stage.staging.suppress(LISTED, { entries: ['bob@mail.test'], ...WHO });
      const third = await exportAll(stage, [ANNA, invalid], { ...asked, after: second });
      expect(third.chunks).toMatchObject([{ kind: 'untag', emails: ['bob@mail.test'] }]);
      expect(third.settlement.outcomes).toMatchObject({ invalid: 1, removed: 1, unchanged: 1, archived: 0 });
      const fourth = await exportAll(stage, [ANNA, invalid], { ...asked, after: third });
      expect(fourth.plan).toMatchObject({ chunks: 0, departed: 0 });
    },
  );

  test('that a valid and an invalid profile share loses the tags of both', async () => {
    const fields = [match('first', 'FNAME', { required: true })];
    const invalid = { ...BOB, key: '3', first: '', segments: ['vip'] };
    const named = { ...invalid, first: 'Rob' };
    const first = await exportAll(stage, [BOB, named], { fields });
    await stage.staging.suppress(LISTED, { entries: ['bob@mail.test'], ...WHO });
    const second = await exportAll(stage, [BOB, invalid], { fields, after: first });
    expect(second.chunks).toMatchObject([
      { kind: 'untag', tagId: 11, emails: ['bob@mail.test'] },
      { kind: 'untag', tagId: 12, emails: ['bob@mail.test'] },
    ]);
  });

  test('that has also opted out is remembered: a new address of its profile gets nothing', async () => {
    await stage.staging.suppress(LISTED, { entries: ['bob@mail.test'], ...WHO });
    const audience = [member('bob@mail.test', 'unsubscribed')];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    expect(first.settlement.refusals).toMatchObject([{ class: 'suppression_list', count: 1 }]);
    const moved = { ...BOB, email: 'robert@mail.test' };
    const second = await exportAll(stage, [ANNA, moved], { after: first, audience });
    expect(second.chunks.flatMap(emailsOf)).toEqual([]);
    expect(second.settlement.refusals).toMatchObject([{ class: 'opted_out_elsewhere', count: 1 }]);
  });

  test('of another destination or account changes nothing here', async () => {
    await stage.staging.suppress({ destinationId: 'other' }, { entries: ['bob@mail.test'], ...WHO });
    await stage.staging.suppress({ accountId: 'other' }, { entries: ['anna@mail.test'], ...WHO });
    const done = await exportAll(stage, [ANNA, BOB], { accountId: ACCOUNT });
    expect(done.settlement.outcomes).toMatchObject({ created: 2, suppressed: 0 });
  });

  test('makes the next export necessary, until one has respected it', async () => {
    const { staging } = stage;
    const account = { accountId: ACCOUNT };
    const first = await exportAll(stage, [ANNA, BOB], account);
    expect(await staging.needsExport(first.ref)).toBe(false);
    for (const scope of [LISTED, { accountId: ACCOUNT }]) {
      await staging.suppress(scope, { entries: ['zoe@mail.test'], ...WHO });
      expect(await staging.needsExport(first.ref)).toBe(true);
    }
    const second = await exportAll(stage, [ANNA, BOB], { after: first, ...account });
    expect(await staging.needsExport(second.ref)).toBe(false);
    await staging.unsuppress({ accountId: ACCOUNT });
    expect(await staging.needsExport(second.ref)).toBe(true);
  });
});

describe('an address that is put on a suppression list since the plan', () => {
  async function planned() {
    const ref = stage.newExport();
    await stage.staging.claim(ref);
    await stage.snapshot(ref, [ANNA, BOB]);
    await stage.plan(ref, { accountId: ACCOUNT });
    return ref;
  }

  test.each([
    ['its text', LISTED, 'bob@mail.test'],
    ['its SHA-256', LISTED, hash('sha256')],
    ['its MD5', { accountId: ACCOUNT }, hash('md5')],
  ])('is named before the part is sent: by %s', async (_, scope, entry) => {
    const ref = await planned();
    expect(await stage.staging.suppressedSincePlan(ref, 0)).toEqual([]);
    await stage.staging.suppress(scope, { entries: [entry, 'zoe@mail.test'], ...WHO });
    expect(await stage.staging.suppressedSincePlan(ref, 0)).toEqual(['bob@mail.test']);
    await stage.staging.unsuppress(scope);
    expect(await stage.staging.suppressedSincePlan(ref, 0)).toEqual([]);
  });

  test('of another account is not', async () => {
    const ref = await planned();
    await stage.staging.suppress({ accountId: 'other' }, { entries: ['bob@mail.test'], ...WHO });
    expect(await stage.staging.suppressedSincePlan(ref, 0)).toEqual([]);
  });

  test('is remembered with the attempt that has left it out', async () => {
    const { staging } = stage;
    const ref = await planned();
    await staging.recordWithheld(ref, { part: 0, attempt: 1 }, ['bob@mail.test']);
    await staging.recordWithheld(ref, { part: 0, attempt: 2 }, []);
    expect(await staging.readWithheld(ref, { part: 0, attempt: 1 })).toEqual(['bob@mail.test']);
    expect(await staging.readWithheld(ref, { part: 0, attempt: 2 })).toEqual([]);
  });

  test('and has also opted out is remembered: a new address of its profile gets nothing', async () => {
    const audience = [member('bob@mail.test', 'unsubscribed')];
    const respond = refuseBob({ result: 'suppressed', class: 'suppression_list' });
    const first = await exportAll(stage, [ANNA, BOB], { audience, respond });
    expect(first.settlement.refusals).toMatchObject([{ class: 'suppression_list', count: 1 }]);
    const moved = { ...BOB, email: 'robert@mail.test' };
    const second = await exportAll(stage, [ANNA, moved], { after: first, audience });
    expect(second.settlement.refusals).toMatchObject([{ class: 'opted_out_elsewhere', count: 1 }]);
  });
});

describe('a suppression list', () => {
  test('has each entry once, as it was added first; a repeated change changes nothing', async () => {
    const { staging } = stage;
    expect(await staging.suppress(LISTED, { entries: ['B@x.test', 'b@X.test', 'a@x.test'], ...WHO })).toEqual(
      {
        added: 2,
        total: 2,
      },
    );
    expect(await staging.suppress(LISTED, { entries: ['b@x.test'], by: 'Lee', reason: '' })).toEqual({
      added: 0,
      total: 2,
    });
    const listed = await staging.readSuppressions(LISTED);
    expect(listed).toMatchObject([
      { kind: 'address', value: 'a@x.test', ...WHO },
      { kind: 'address', value: 'b@x.test', ...WHO },
    ]);
    expect(await staging.unsuppress(LISTED, ['A@x.test', 'unknown@x.test'])).toBe(1);
    expect(await staging.unsuppress(LISTED, ['a@x.test'])).toBe(0);
    expect(await staging.unsuppress(LISTED)).toBe(1);
    expect(await staging.readSuppressions(LISTED)).toEqual([]);
  });

  test('keeps all entries of changes at the same time', async () => {
    const { staging } = stage;
    const entries = Array.from({ length: 12 }, (_, index) => `p${index}@x.test`);
    await Promise.all(entries.map((entry) => staging.suppress(LISTED, { entries: [entry], ...WHO })));
    expect(await staging.readSuppressions(LISTED)).toHaveLength(12);
  });

  test('of many entries is stored and read whole', async () => {
    const { staging } = stage;
    const entries = Array.from({ length: 30_000 }, (_, index) => `person${index}@mail.test`);
    expect(await staging.suppress(LISTED, { entries, ...WHO })).toEqual({ added: 30_000, total: 30_000 });
    expect(await staging.readSuppressions(LISTED, { limit: 5 })).toHaveLength(5);
    expect(await staging.unsuppress(LISTED, entries.slice(1))).toBe(29_999);
  });

  test('refuses what is neither an address nor a hash, without quoting it, and stays as it was', async () => {
    const { staging } = stage;
    const entries = ['a@x.test', 'no address', 'abc123', ''];
    await expect(staging.suppress(LISTED, { entries, ...WHO })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/^Entry 2 and 2 others of (?!.*no address)/),
    });
    expect(await staging.readSuppressions(LISTED)).toEqual([]);
  });
});
