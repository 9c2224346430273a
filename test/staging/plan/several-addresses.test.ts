import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { exportAll, openStage, rowsOf, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const otherEmails = ['home', 'old'];

function person(key: string, addresses: { readonly [name: string]: string | null }) {
  return { key, email: null, home: null, old: null, first: 'Anna', segments: ['vip'], ...addresses };
}

test('of several addresses of a profile, the first that is usable counts', async () => {
  const cases = [
    [{ email: 'a-work@mail.test', home: 'a-home@mail.test' }, 'a-work@mail.test'],
    [{ home: 'B-Home@Mail.test', old: 'b-old@mail.test' }, 'b-home@mail.test'],
    [{ email: ' \u00A0', old: ' c-old@mail.test ' }, 'c-old@mail.test'],
    [{ email: 'none', home: 'd-home@mail.test' }, 'd-home@mail.test'],
    [{ email: 'jürgen@mail.test', old: 'e@mail.test' }, 'e@mail.test'],
    [{ email: 'a@', home: 'f@bücher.test' }, 'f@xn--bcher-kva.test'],
  ] as const;
  const profiles = cases.map(([addresses], index) => person(String(index), addresses));
  const { chunks } = await exportAll(stage, profiles, { otherEmails });
  const sent = rowsOf(chunks).map(({ email }) => email);
  expect(sent.toSorted()).toEqual(cases.map(([, expected]) => expected));
});

test('a profile without a usable address is invalid by the rule of the first that is not empty', async () => {
  const profiles = [person('1', { home: 'a@mail.test, b@mail.test', old: 'x' }), person('2', {})];
  const { plan } = await exportAll(stage, [...profiles, person('3', { old: 'c@mail.test' })], {
    otherEmails,
  });
  expect(plan.invalid).toEqual({ email_two_addresses: 1, email_missing: 1 });
});

test('profiles whose addresses that count are the same are duplicates', async () => {
  const profiles = [
    person('1', { home: 'anna@mail.test' }),
    person('2', { email: 'ANNA@mail.test', home: 'other@mail.test' }),
  ];
  const { settlement } = await exportAll(stage, profiles, { otherEmails });
  expect(settlement.outcomes).toMatchObject({ created: 1, duplicate: 1 });
});

test('an address that becomes usable readdresses the contact', async () => {
  const before = await exportAll(stage, [person('1', { home: 'home@mail.test' })], { otherEmails });
  const now = [person('1', { email: 'work@mail.test', home: 'home@mail.test' })];
  const { plan } = await exportAll(stage, now, { otherEmails, after: before });
  expect(plan).toMatchObject({ creates: 1, removals: 1, readdressed: 1 });
});
