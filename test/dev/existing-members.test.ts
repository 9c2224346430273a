import { describe, expect, test } from '@jest/globals';
import type { AudienceMember } from '../../src/dev/demo/audience';
import { compareExisting } from '../../src/dev/demo/existing-members';

const member = (given: Partial<AudienceMember>): AudienceMember => ({
  email: 'a@b.de',
  status: 'unsubscribed',
  merge_fields: { FNAME: 'Ada' },
  tags: ['Vinyl club'],
  ...given,
});

/** The first that is seeded is an archived customer, the second one who is subscribed; strangers come last. */
function respectOf(
  place: 'archived' | 'customer' | 'stranger',
  was: AudienceMember,
  now: readonly AudienceMember[],
) {
  const index = { archived: 0, customer: 1, stranger: 11 }[place];
  const others = Array.from({ length: 12 }, (_, n) => member({ email: `other${n}@b.de` }));
  const before = others.with(index, was);
  const found = compareExisting(before, [...before.toSpliced(index, 1), ...now])[index];
  return found?.isPreserved;
}

describe('people of other tools in the demo', () => {
  test('a customer is respected who gained our tags and new values', () => {
    const now = member({ tags: ['Vinyl club', 'Blues lovers'], merge_fields: { FNAME: 'Augusta' } });
    expect(respectOf('customer', member({}), [now])).toBe(true);
  });

  test.each([
    ['whose status changed', [member({ status: 'subscribed' })]],
    ['who lost a tag of others', [member({ tags: ['Blues lovers'] })]],
    ['who is gone', []],
  ])('a customer is not respected %s', (_how, now) => {
    expect(respectOf('customer', member({}), now)).toBe(false);
  });

  test.each(['archived', 'stranger'] as const)('nothing at all may change for: %s', (place) => {
    const was = member({ status: place === 'archived' ? 'archived' : 'subscribed' });
    expect(respectOf(place, was, [was])).toBe(true);
    expect(respectOf(place, was, [{ ...was, tags: ['Vinyl club', 'Blues lovers'] }])).toBe(false);
    expect(respectOf(place, was, [{ ...was, merge_fields: { FNAME: 'Augusta' } }])).toBe(false);
  });
});
