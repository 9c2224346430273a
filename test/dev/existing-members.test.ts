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

/** The first seeded member is an archived customer, the second a subscribed one; members that are not customers come last. */
function isPreserved(
  place: 'archived' | 'customer' | 'nonCustomer',
  was: AudienceMember,
  now: readonly AudienceMember[],
) {
  const index = { archived: 0, customer: 1, nonCustomer: 11 }[place];
  const others = Array.from({ length: 12 }, (_, n) => member({ email: `other${n}@b.de` }));
  const before = others.with(index, was);
  const found = compareExisting(before, [...before.toSpliced(index, 1), ...now])[index];
  return found?.isPreserved;
}

describe('members of other tools in the demo', () => {
  test('a customer with new values and new tags of the destination is preserved', () => {
    const now = member({ tags: ['Vinyl club', 'Blues lovers'], merge_fields: { FNAME: 'Augusta' } });
    expect(isPreserved('customer', member({}), [now])).toBe(true);
  });

  test.each([
    ['with another status', [member({ status: 'subscribed' })]],
    ['without a tag of another tool', [member({ tags: ['Blues lovers'] })]],
    ['that is gone', []],
  ])('a customer %s is not preserved', (_how, now) => {
    expect(isPreserved('customer', member({}), now)).toBe(false);
  });

  test.each(['archived', 'nonCustomer'] as const)('nothing may change for: %s', (place) => {
    const was = member({ status: place === 'archived' ? 'archived' : 'subscribed' });
    expect(isPreserved(place, was, [was])).toBe(true);
    expect(isPreserved(place, was, [{ ...was, tags: ['Vinyl club', 'Blues lovers'] }])).toBe(false);
    expect(isPreserved(place, was, [{ ...was, merge_fields: { FNAME: 'Augusta' } }])).toBe(false);
  });
});
