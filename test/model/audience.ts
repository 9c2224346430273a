import type { Member } from './world';

/** All members of the audience, as text that can be compared. */
export function audienceOf(members: Iterable<readonly [string, Member]>): Record<string, string> {
  const entries = [...members].map(([address, { status, fields, tags }]) => {
    const values = ['FNAME', 'AGE'].map((tag) => fields[tag] ?? '');
    return [address, `${status}; ${values.join(', ')}; ${[...tags].toSorted().join(', ')}`] as const;
  });
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
