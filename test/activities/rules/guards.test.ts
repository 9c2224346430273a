import { describe, expect, test } from '@jest/globals';
import {
  bounded,
  findGuards,
  guardAfterUndo,
  guardUndo,
  withoutAllowed,
  type Guarded,
} from '../../../src/activities/rules/guards';
import { ExportOptionsSchema } from '../../../src/contract/export-options';
import { GUARDS, GuardSettingsSchema, type Guard, type GuardSettings } from '../../../src/contract/guard';
import { noOutcomes } from '../../../src/contract/outcome';
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
  return found(plan, settings, more).map(({ code, segment = 'all', number, limit }) => [
    code,
    segment,
    number,
    limit,
  ]);
}

function found(
  plan: Partial<ExportPlan>,
  settings: Partial<GuardSettings> = {},
  more: Partial<Guarded> = {},
): Guard[] {
  const whole = {
    ...PLAN,
    baselineSize: 1_000,
    creates: 0,
    updates: 0,
    removals: 0,
    segments: [segment({})],
    ...plan,
  };
  return findGuards({
    plan: whole,
    segments: SEGMENTS,
    settings: GuardSettingsSchema.parse(settings),
    contacts: null,
    ...more,
  });
}

const CHANGES = { ...PLAN, creates: 1, updates: 2, removals: 3, archives: 2 };
const UNDO = { exportId: '11111111-1111-4111-8111-111111111111', number: 7, by: 'Kim' };

test('holds an undo that changes more contacts than were agreed to, with the numbers', () => {
  const [guard, ...others] = guardUndo(CHANGES, { ...UNDO, contacts: 5 });
  expect(others).toEqual([]);
  expect(guard).toMatchObject({ code: 'UNDO', number: 6, limit: 5 });
  expect(guard?.message).toContain('Export 7 is to be taken back: 6 contacts would change');
  expect(guard?.message).toContain('3 would lose all tags of the destination, of which 2 would be archived');
  expect(guardUndo(CHANGES, { ...UNDO, contacts: 6 })).toEqual([]);
  expect(guardUndo(CHANGES, UNDO)).toHaveLength(1);
});

test('holds an undo where a second person approves, whatever number was agreed to', () => {
  const agreed = { ...UNDO, contacts: 6, needsSecondPerson: true };
  const [guard] = guardUndo(CHANGES, agreed);
  expect(guard).toMatchObject({ code: 'UNDO', number: 6, limit: 0 });
  expect(guard?.message).toContain('A person other than the one who asked has to approve that.');
  expect(guardUndo({ ...CHANGES, creates: 0, updates: 0, removals: 0 }, agreed)).toEqual([]);
});

test('holds what follows an undo, if it changes anything', () => {
  expect(guardAfterUndo(CHANGES, UNDO)).toMatchObject([{ code: 'UNDO', number: 6, limit: 0 }]);
  expect(guardAfterUndo({ ...CHANGES, creates: 0, updates: 0, removals: 0 }, UNDO)).toEqual([]);
});

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

const messages = (...plan: Parameters<typeof found>) => found(...plan).map(({ message }) => message);

test('a guard says in a sentence what would happen, with the numbers and the limit', () => {
  expect(messages({ removals: 201 })).toEqual([
    '201 of the 1,000 contacts exported so far would lose all tags of this destination; the limit is 200.',
  ]);
  const tags = [
    segment({ toUntag: 201 }),
    segment({ profiles: 0, toUntag: 1 }),
    segment({ segment: 'gone', tag: 'Old', toUntag: 2 }),
  ];
  expect(messages({ segments: tags })).toEqual([
    'More than 200 of the 1,000 contacts exported so far left the segment "vip": 201 contacts would lose the tag "VIP".',
    'The segment "vip" is empty now: 1 contact would lose the tag "VIP".',
    'The segment "gone" is no longer exported: 2 contacts would lose the tag "Old".',
  ]);
  expect(messages({ segments: [segment({ toUntag: 3, newlyUnmatched: 2 })] })).toEqual([
    '3 contacts would lose the tag "VIP", while the membership of the segment "vip" has 2 new rows with a key that no profile has, or a value ' +
      'that no segment asks for. Some of them may be the same people, whose keys are written in another way now: compare the keys of both files. ' +
      'To count all such rows: temporal-mailchimp source check',
  ]);
  const restored = { segments: [{ ...SEGMENTS[0]!, isRestored: true }] };
  expect(messages({ segments: [segment({ toTag: 7 })] }, {}, restored)).toEqual([
    'The tag "VIP" was deleted in Mailchimp: it would be created again, and 7 contacts would be tagged again.',
  ]);
  expect(messages({ creates: 11 }, { newContacts: 10, contactLimit: 1_000 }, { contacts: 990 })).toEqual([
    '11 new contacts would be created; the limit is 10.',
    'Mailchimp would count 1,001 contacts over all audiences; the limit is 1,000.',
  ]);
});

test('the contacts of an account that were not read count as none', () => {
  expect(guards({ creates: 100 }, { contactLimit: 100 })).toEqual([]);
  expect(guards({ creates: 101 }, { contactLimit: 100 })).toEqual([['CONTACT_LIMIT', 'all', 101, 100]]);
});

test('a tag that was deleted holds nothing where the plan has no such segment', () => {
  const segments = [{ ...SEGMENTS[1]!, isRestored: true }];
  expect(guards({ segments: [segment({ toTag: 7 })] }, {}, { segments })).toEqual([]);
});

const many = (count: number, code: Guard['code'] = 'MASS_REMOVAL'): Guard[] =>
  Array.from({ length: count }, (_, index) => ({
    code,
    message: `Guard ${index}`,
    number: index + 1,
    limit: 5,
    segment: `s${index}`,
  }));

describe('many guards', () => {
  test('are listed as they are, up to twenty', () => {
    expect(bounded(many(20))).toEqual(many(20));
  });

  test('are the twenty with the greatest numbers, in their order, and one that stands for the rest of each code', () => {
    const restored = many(2, 'TAG_RESTORED');
    const removals = many(1_200);
    const found = bounded([...removals, ...restored]);
    expect(found.slice(0, 20)).toEqual(removals.slice(-20));
    expect(found.slice(20)).toEqual([
      {
        code: 'MASS_REMOVAL',
        message: '1,180 further segments with 696,790 contacts in all: the same.',
        number: 696_790,
        limit: 0,
        segment: '(further segments)',
      },
      {
        code: 'TAG_RESTORED',
        message: '2 further segments with 3 contacts in all: the same.',
        number: 3,
        limit: 0,
        segment: '(further segments)',
      },
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
  const left = (
    options: object,
    approved?: Parameters<typeof withoutAllowed>[1]['approved'],
    needsSecondPerson = false,
  ) =>
    withoutAllowed(all, { options: ExportOptionsSchema.parse(options), approved, needsSecondPerson }).map(
      ({ code }) => code,
    );

  test('by an approval only, where a second person is wanted: options are of the person who asks', () => {
    expect(left({ allowNewContacts: true, allowMassRemoval: true }, undefined, true)).toEqual([...GUARDS]);
    expect(left({}, approved(10), true)).not.toContain('NEW_CONTACTS');
  });

  test('by an approval only, where an undo or a removal has more contacts than were agreed to: options are of exports', () => {
    const options = ExportOptionsSchema.parse({ allowAfterUndo: true, allowMassRemoval: true });
    const allowing = { options, approved: undefined, needsSecondPerson: false };
    expect(withoutAllowed(all, { ...allowing, isAgreed: true })).toEqual(all);
    expect(withoutAllowed(all, allowing)).not.toEqual(all);
  });

  test.each([
    ['UNDO', 'allowAfterUndo'],
    ['MASS_REMOVAL', 'allowMassRemoval'],
    ['MEMBERS_UNMATCHED', 'allowUnmatchedMembers'],
    ['TAG_RESTORED', 'allowRestoredTags'],
    ['NEW_CONTACTS', 'allowNewContacts'],
    ['CONTACT_LIMIT', 'allowOverLimit'],
  ])('with its own option only: %s', (code, allow) => {
    expect(left({ [allow]: true })).toEqual(GUARDS.filter((guard) => guard !== code));
  });

  test('about rejects, also those of a class that holds, with one option', () => {
    const others = GUARDS.filter((code) => code !== 'REJECTS' && code !== 'REJECTS_HELD');
    expect(left({ allowRejects: true })).toEqual(others);
  });

  test('up to the approved number, for the same segment', () => {
    expect(left({}, approved(10))).not.toContain('NEW_CONTACTS');
    expect(left({}, approved(9))).toContain('NEW_CONTACTS');
    expect(left({}, approved(10, 'vip'))).toContain('NEW_CONTACTS');
    expect(left({}, approved(10))).toHaveLength(GUARDS.length - 1);
    const one = approved(10);
    const other = [{ code: 'CONTACT_LIMIT' as const, number: 9 }, ...one.numbers];
    expect(left({}, { ...one, numbers: other })).toEqual(GUARDS.filter((code) => code !== 'NEW_CONTACTS'));
    expect(left({})).toEqual([...GUARDS]);
  });
});

describe('rejects of a plan', () => {
  const plan = {
    selected: 200,
    decided: { ...noOutcomes(), invalid: 4, rejected: 5, throttled: 2, suppressed: 50, duplicate: 9 },
    leftOut: { fake: 3, merge_field: 2, too_many_signups: 2 },
  };

  test.each([
    [11, []],
    [10, [['REJECTS', 'all', 11, 10]]],
    ['5.5%', []],
    ['5%', [['REJECTS', 'all', 11, 10]]],
    ['0%', [['REJECTS', 'all', 11, 0]]],
  ] as const)('hold it when invalid and left out profiles are more than %p', (rejects, expected) => {
    expect(guards(plan, { rejects })).toEqual(expected);
    expect(guards(plan)).toEqual([]);
  });

  test('hold it when some are of a class whose policy is to hold', () => {
    const [guard] = found(plan, {}, { rejects: { fake: 'hold', merge_field: 'hold', sms: 'hold' } });
    expect(guard).toMatchObject({ code: 'REJECTS_HELD', number: 5, limit: 0 });
    expect(guard?.message).toContain('fake (3), merge_field (2).');
    expect(found(plan, {}, { rejects: { fake: 'until_changed', sms: 'hold' } })).toEqual([]);
  });
});
