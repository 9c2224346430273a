import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  emailsOf,
  exportAll,
  FIRST_NAME,
  LOCALS,
  match,
  member,
  openStage,
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

function sharing(values: readonly (string | null)[]) {
  return values.map((changed, index) => ({
    key: String(index),
    email: 'anna@mail.test',
    first: changed ?? 'nothing',
    changed,
    segments: ['vip'],
  }));
}

describe('contacts that have opted out', () => {
  const audience = [member('anna@mail.test', 'unsubscribed'), member('bob@mail.test', 'cleaned')];

  test('get fields and tags by default', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    expect(first.chunks.flatMap(emailsOf)).toEqual(['anna@mail.test', 'bob@mail.test']);
  });

  test('get nothing if they are skipped, but lose the tags of segments that they leave', async () => {
    const before = await exportAll(stage, [ANNA, BOB]);
    const changed = [
      { ...ANNA, first: 'Ann', segments: ['vip'] },
      { ...BOB, first: 'Rob' },
    ];
    const skipped = await exportAll(stage, changed, { after: before, audience, optedOut: 'skip' });
    expect(skipped.chunks).toEqual([
      { kind: 'untag', chunk: 0, tagId: LOCALS.tagId, emails: ['anna@mail.test'] },
    ]);
    expect(skipped.settlement).toMatchObject({
      outcomes: { suppressed: 2 },
      refusals: [{ outcome: 'suppressed', class: 'opted_out', count: 2 }],
    });
    const same = await exportAll(stage, [ANNA, BOB], { after: before, audience, optedOut: 'skip' });
    expect(same.plan.decided).toMatchObject({ unchanged: 2, suppressed: 0 });
  });

  test('are sent again when they are subscribed again', async () => {
    const first = await exportAll(stage, [ANNA], { audience, optedOut: 'skip' });
    const second = await exportAll(stage, [ANNA], { after: first, audience: [], optedOut: 'skip' });
    expect(second.chunks.flatMap(emailsOf)).toEqual(['anna@mail.test']);
  });
});

describe('an empty value', () => {
  test('keeps the value in Mailchimp if configured so, and the other fields are sent', async () => {
    const fields = [{ ...FIRST_NAME, empty: 'keep' as const }, match('city', 'CITY')];
    const first = await exportAll(stage, [{ ...ANNA, city: 'Graz' }], { fields });
    const emptied = await exportAll(stage, [{ ...ANNA, first: '', city: 'Graz' }], { fields, after: first });
    expect(emptied.plan.chunks).toBe(0);
    const moved = await exportAll(stage, [{ ...ANNA, first: null, city: 'Linz' }], {
      fields,
      after: emptied,
    });
    expect(rowsOf(moved.chunks)).toMatchObject([{ fields: '{"CITY":"Linz"}' }]);
    const back = await exportAll(stage, [{ ...ANNA, first: 'Anna', city: 'Linz' }], { fields, after: moved });
    expect(back.plan.chunks).toBe(0);
  });
});

describe('a value that does not fit', () => {
  const fields = [match('age', 'AGE', { type: 'number' })];
  const profiles = [
    { ...ANNA, age: 'old' },
    { ...BOB, age: '31' },
  ];

  test('is left out, and the contact is sent', async () => {
    const { plan, settlement } = await exportAll(stage, profiles, { fields });
    expect(settlement.outcomes).toMatchObject({ created: 2 });
    expect(plan.warnings).toEqual([{ attribute: 'age', field: 'AGE', kind: 'omitted', count: 1 }]);
  });

  test('makes the profile invalid if configured so', async () => {
    const { plan, settlement } = await exportAll(stage, profiles, { fields, strict: true });
    expect(settlement.outcomes).toMatchObject({ created: 1, invalid: 1 });
    expect(plan.invalid).toEqual({ value_does_not_fit: 1 });
  });
});

describe('profiles that share an address', () => {
  test.each([
    [['2024-05-06', '2024-05-10', '2023-12-31'], '2024-05-10'],
    [['2024-05-06T10:00:00Z', '2024-05-06T11:30:00+02:00', ''], '2024-05-06T10:00:00Z'],
    [['2024-05-06 09:00', '2024-05-06 10:00:00.5', null], '2024-05-06 10:00:00.5'],
    [['9', '10', '-3'], '10'],
    [[null, 'soon', '1'], '1'],
    [['NaN', 'infinity', '1'], '1'],
    [['5', '5', null], '5'],
  ])('are won by the greatest value of %j', async (values, winner) => {
    const { chunks, settlement } = await exportAll(stage, sharing(values), { latest: 'changed' });
    expect(rowsOf(chunks)).toMatchObject([{ fields: JSON.stringify({ FNAME: winner }) }]);
    expect(settlement.outcomes).toMatchObject({ created: 1, duplicate: 2 });
  });

  test('are decided by the lowest key if the values are equal, or no attribute is configured', async () => {
    const same = sharing(['5', '5', '5']).map((profile) => ({ ...profile, first: profile.key }));
    const { chunks } = await exportAll(stage, same, { latest: 'changed' });
    expect(rowsOf(chunks)).toMatchObject([{ fields: '{"FNAME":"0"}' }]);
    const plain = await exportAll(stage, sharing(['1', '9', '5']));
    expect(rowsOf(plain.chunks)).toMatchObject([{ fields: '{"FNAME":"1"}' }]);
  });
});

const named = (keys: readonly string[]) =>
  sharing(keys.map(() => null)).map((profile, index) => ({
    ...profile,
    key: keys[index]!,
    first: keys[index]!,
  }));

describe('the lowest key', () => {
  test.each([
    [['10', '9', '100'], '9'],
    [['0010', '9', '99999999999999999999999999999999999999'], '9'],
    [['10', '9', 'a'], '10'],
  ])('of %j is %s: a number where all keys are numbers, else a text', async (keys, winner) => {
    const { chunks } = await exportAll(stage, named(keys));
    expect(rowsOf(chunks)).toMatchObject([{ fields: JSON.stringify({ FNAME: winner }) }]);
  });
});

describe('a tag that was deleted in Mailchimp', () => {
  test('is added again to all contacts that had it from us', async () => {
    const carl = { key: '3', email: 'carl@mail.test', first: 'Carl', segments: ['vip'] };
    const first = await exportAll(stage, [ANNA, BOB]);
    const segments = [{ ...VIP, tagId: 99 }, LOCALS];
    const second = await exportAll(stage, [ANNA, BOB, carl], { after: first, segments });
    expect(second.plan.segments).toMatchObject([
      { segment: 'vip', toTag: 2, toUntag: 0 },
      { segment: 'locals', toTag: 0 },
    ]);
    const third = await exportAll(stage, [ANNA, BOB, carl], { after: second, segments });
    expect(third.plan).toMatchObject({ chunks: 0, segments: [{ toTag: 0 }, { toTag: 0 }] });
  });

  test('is untagged as usual if the segment got another tag', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const segments = [{ ...VIP, tag: 'Gold', tagId: 99 }, LOCALS];
    const second = await exportAll(stage, [ANNA, BOB], { after: first, segments });
    expect(second.plan.segments).toMatchObject([{ toTag: 1 }, {}, { tag: 'VIP', toUntag: 1 }]);
  });
});
