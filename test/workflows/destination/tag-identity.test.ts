import { describe, expect, test } from '@jest/globals';
import type { ExportReport } from '../../../src/contract/report';
import { withCurrentTags, withTag } from '../../../src/workflows/destination/tag-identity';
import { report } from '../samples';

const NEW = { segment: 'vip', tag: 'VIP', tagId: null, knownAs: null, digest: 'd' };
const KNOWN = { ...NEW, tagId: 11, knownAs: 'VIP' };

const found = (tagId: number, name: string, change: Partial<ExportReport> = {}) =>
  report({ segments: [{ ...report().segments[0]!, tagId, name, tagged: 0 }], ...change });

/** `atStart`: as it was configured when the export started. */
const after = (known: Parameters<typeof withTag>[0], ended: ExportReport, atStart = known) =>
  withTag(known, ended, [atStart]);

test('the first export brings id and name, however it ends', () => {
  for (const status of ['completed', 'cancelled', 'denied'] as const)
    expect(after(NEW, found(11, 'Vip', { status }))).toEqual({
      ...NEW,
      tagId: 11,
      knownAs: 'Vip',
      tag: 'Vip',
    });
  expect(after(NEW, found(11, 'VIP', { status: 'planned' }))).toEqual(NEW);
});

test('a rename counts when the export completed, and is repeated otherwise', () => {
  const renamed = { ...KNOWN, tag: 'Gold' };
  expect(after(renamed, found(11, 'Gold'))).toEqual({ ...renamed, knownAs: 'Gold' });
  for (const status of ['cancelled', 'failed', 'denied', 'expired', 'replanned'] as const)
    expect(after(renamed, found(11, 'Gold', { status }))).toEqual(renamed);
});

test('a name that was given to the tag in Mailchimp is taken over', () => {
  expect(after(KNOWN, found(11, 'Best'))).toEqual({ ...KNOWN, tag: 'Best', knownAs: 'Best' });
});

test('what was configured while the export ran is for the next one', () => {
  expect(after({ ...KNOWN, tag: 'Gold' }, found(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
  expect(after({ ...NEW, tag: 'Gold' }, found(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
  const adopted = { ...KNOWN, tag: 'Gold', tagId: 99, knownAs: 'Gold', isAdopted: true };
  expect(after(adopted, found(11, 'VIP'), KNOWN)).toEqual(adopted);
});

test('a deleted tag that was created again counts as deleted until a member may carry the new one', () => {
  const denied = found(12, 'VIP', { status: 'denied' });
  expect(after(KNOWN, denied)).toEqual(KNOWN);
  expect(after(KNOWN, found(12, 'VIP'))).toMatchObject({ tagId: 12 });
  const [segment] = denied.segments;
  const partly = { ...denied, status: 'cancelled' as const, segments: [{ ...segment!, tagged: 1 }] };
  expect(after(KNOWN, partly)).toMatchObject({ tagId: 12 });
  const unproven = { ...denied, outcomes: { ...denied.outcomes, unproven: 1 } };
  expect(after(KNOWN, unproven)).toMatchObject({ tagId: 12 });
});

test('an adopted tag stays marked until an export has completed with it', () => {
  const adopted = { ...KNOWN, isAdopted: true };
  expect(after(adopted, found(11, 'VIP', { status: 'failed' }))).toEqual(adopted);
  expect(after(adopted, found(11, 'VIP'))).toEqual(KNOWN);
});

type Tag = Parameters<typeof withTag>[0];
const taken = (checked: Tag, own: Tag, current: Tag) =>
  withCurrentTags([checked], { own: [own], current: [current] });

describe('a configuration that was checked while an export ended', () => {
  test('keeps the tag that the export created or renamed', () => {
    expect(taken({ ...NEW, digest: 'new' }, NEW, KNOWN)).toEqual([{ ...KNOWN, digest: 'new' }]);
    const renamed = { ...KNOWN, knownAs: 'Gold' };
    expect(taken({ ...KNOWN, tag: 'Best' }, KNOWN, renamed)).toEqual([{ ...renamed, tag: 'Best' }]);
  });

  test('no longer marks a tag as adopted that the export completed with', () => {
    const adopted = { ...KNOWN, isAdopted: true };
    expect(taken(adopted, adopted, KNOWN)).toEqual([KNOWN]);
  });

  test('takes another tag where one was chosen, and a segment that is new as it is', () => {
    const other = { ...KNOWN, tagId: 99, knownAs: 'Other', isAdopted: true };
    expect(taken(other, KNOWN, { ...KNOWN, knownAs: 'Gold' })).toEqual([other]);
    expect(withCurrentTags([NEW], { own: [], current: [] })).toEqual([NEW]);
  });
});
