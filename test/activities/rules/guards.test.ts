import { describe, expect, test } from '@jest/globals';
import { findGuards, withoutAllowed, type Guarded } from '../../../src/activities/rules/guards';
import { ExportOptionsSchema } from '../../../src/contract/destination';
import { GUARDS, GuardSettingsSchema, type Guard, type GuardSettings } from '../../../src/contract/guard';
import type { ExportPlan, SegmentPlan } from '../../../src/contract/plan';
import { PLAN } from '../../workflows/samples';

const SEGMENTS = [
  { segment: 'vip', tag: 'VIP', tagId: 11 },
  { segment: 'north', tag: 'North', tagId: 12 },
];
const segment = (change: Partial<SegmentPlan>): SegmentPlan => ({
  segment: 'vip',
  tag: 'VIP',
  profiles: 400,
  toTag: 0,
  toUntag: 0,
  ...change,
});

/** A plan with nothing to send, on a baseline of 1,000 contacts. */
function guards(
  plan: Partial<ExportPlan>,
  settings: Partial<GuardSettings> = {},
  more: Partial<Guarded> = {},
) {
  const whole = {
    ...PLAN,
    baselineSize: 1_000,
    creates: 0,
    updates: 0,
    removals: 0,
    segments: [segment({})],
    ...plan,
  };
  const found = findGuards({
    plan: whole,
    segments: SEGMENTS,
    settings: GuardSettingsSchema.parse(settings),
    contacts: null,
    ...more,
  });
  return found.map(({ code, segment = 'all', number, limit }) => [code, segment, number, limit]);
}

describe('a plan is held', () => {
  test('when more than a share of the baseline would lose all tags, a fifth by default', () => {
    expect(guards({ removals: 200 })).toEqual([]);
    expect(guards({ removals: 201 })).toEqual([['MASS_REMOVAL', 'all', 201, 200]]);
    expect(guards({ removals: 301 }, { removalShare: 0.3 })).toEqual([['MASS_REMOVAL', 'all', 301, 300]]);
    expect(guards({ removals: 1 }, { removalShare: 0 })).toEqual([['MASS_REMOVAL', 'all', 1, 0]]);
  });

  test('also when the baseline is small', () => {
    expect(guards({ baselineSize: 5, removals: 1 })).toEqual([]);
    expect(guards({ baselineSize: 4, removals: 1 })).toEqual([['MASS_REMOVAL', 'all', 1, 0]]);
  });

  test('when more than that share would lose one tag, although they keep another', () => {
    expect(guards({ segments: [segment({ toUntag: 200 })] })).toEqual([]);
    expect(guards({ segments: [segment({ toUntag: 201 })] })).toEqual([['MASS_REMOVAL', 'vip', 201, 200]]);
  });

  test('when a segment becomes empty or is no longer configured, whatever its size was', () => {
    expect(guards({ segments: [segment({ profiles: 0, toUntag: 1 })] })).toEqual([
      ['MASS_REMOVAL', 'vip', 1, 0],
    ]);
    expect(guards({ segments: [segment({ segment: 'gone', profiles: 0, toUntag: 1 })] })).toEqual([
      ['MASS_REMOVAL', 'gone', 1, 0],
    ]);
    expect(guards({ segments: [segment({ profiles: 0 })] })).toEqual([]);
  });

  test('when contacts would lose a tag, and its segment has new membership rows that select no profile', () => {
    const leaving = { toUntag: 3, newlyUnmatched: 2 };
    expect(guards({ segments: [segment(leaving)] })).toEqual([['MEMBERS_UNMATCHED', 'vip', 2, 0]]);
    expect(guards({ segments: [segment({ ...leaving, toUntag: 0 })] })).toEqual([]);
    expect(guards({ segments: [segment({ toUntag: 3 }), segment({ newlyUnmatched: 2 })] })).toEqual([]);
  });

  test('when the contacts of a deleted tag would be tagged again', () => {
    const segments = [{ ...SEGMENTS[0]!, isRestored: true }];
    const plan = { segments: [segment({ toTag: 7 })] };
    expect(guards(plan, {}, { segments })).toEqual([['TAG_RESTORED', 'vip', 7, 0]]);
    expect(guards({ segments: [segment({ toTag: 0 })] }, {}, { segments })).toEqual([]);
    expect(guards(plan)).toEqual([]);
  });

  test('when there are more new contacts than allowed, where a limit is set', () => {
    expect(guards({ creates: 1_000_000 })).toEqual([]);
    expect(guards({ creates: 10 }, { newContacts: 10 })).toEqual([]);
    expect(guards({ creates: 11 }, { newContacts: 10 })).toEqual([['NEW_CONTACTS', 'all', 11, 10]]);
    expect(guards({ creates: 1 }, { newContacts: 0 })).toEqual([['NEW_CONTACTS', 'all', 1, 0]]);
  });

  test('when the contacts of the account, with the new ones, exceed the limit, where one is set', () => {
    const contacts = 95;
    expect(guards({ creates: 5 }, { contactLimit: 100 }, { contacts })).toEqual([]);
    expect(guards({ creates: 6 }, { contactLimit: 100 }, { contacts })).toEqual([
      ['CONTACT_LIMIT', 'all', 101, 100],
    ]);
  });
});

const approved = (number: number, segment?: string) => ({
  planId: 'p',
  by: 'Kim',
  at: '',
  numbers: [{ code: 'NEW_CONTACTS' as const, number, ...(segment !== undefined && { segment }) }],
});

describe('a guard lets an export pass', () => {
  const all: Guard[] = GUARDS.map((code) => ({ code, message: '', number: 10, limit: 5 }));
  const left = (options: object, approved?: Parameters<typeof withoutAllowed>[1]['approved']) =>
    withoutAllowed(all, { options: ExportOptionsSchema.parse(options), approved }).map(({ code }) => code);

  test.each([
    ['MASS_REMOVAL', 'allowMassRemoval'],
    ['MEMBERS_UNMATCHED', 'allowUnmatchedMembers'],
    ['TAG_RESTORED', 'allowRestoredTags'],
    ['NEW_CONTACTS', 'allowNewContacts'],
    ['CONTACT_LIMIT', 'allowOverLimit'],
  ])('with its own option only: %s', (code, allow) => {
    expect(left({ [allow]: true })).toEqual(GUARDS.filter((guard) => guard !== code));
  });

  test('up to the approved number, for the same segment', () => {
    expect(left({}, approved(10))).not.toContain('NEW_CONTACTS');
    expect(left({}, approved(9))).toContain('NEW_CONTACTS');
    expect(left({}, approved(10, 'vip'))).toContain('NEW_CONTACTS');
    expect(left({}, approved(10))).toHaveLength(GUARDS.length - 1);
  });
});
