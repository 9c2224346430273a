import { expect, test } from '@jest/globals';
import type { ExportReport } from '../../src/contract/report';
import { withTag } from '../../src/workflows/tag-identity';
import { report } from './samples';

const NEW = { segment: 'vip', tag: 'VIP', tagId: null, knownAs: null, digest: 'd' };
const KNOWN = { ...NEW, tagId: 11, knownAs: 'VIP' };

const told = (tagId: number, name: string, change: Partial<ExportReport> = {}) =>
  report({ segments: [{ ...report().segments[0]!, tagId, name, tagged: 0 }], ...change });

test('the first export brings id and name, however it ends', () => {
  for (const ending of ['completed', 'cancelled', 'rejected'] as const)
    expect(withTag(NEW, told(11, 'Vip', { ending }))).toEqual({
      ...NEW,
      tagId: 11,
      knownAs: 'Vip',
      tag: 'Vip',
    });
  expect(withTag(NEW, told(11, 'VIP', { ending: 'planned' }))).toEqual(NEW);
});

test('a rename is believed when the export went through, and tried again otherwise', () => {
  const renamed = { ...KNOWN, tag: 'Gold' };
  expect(withTag(renamed, told(11, 'Gold'))).toEqual({ ...renamed, knownAs: 'Gold' });
  for (const ending of ['cancelled', 'failed', 'rejected', 'expired', 'replanned'] as const)
    expect(withTag(renamed, told(11, 'Gold', { ending }))).toEqual(renamed);
});

test('a name that somebody gave it in Mailchimp is taken over', () => {
  expect(withTag(KNOWN, told(11, 'Best'))).toEqual({ ...KNOWN, tag: 'Best', knownAs: 'Best' });
});

test('what was configured while the export ran is for the next one', () => {
  expect(withTag({ ...KNOWN, tag: 'Gold' }, told(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
  expect(withTag({ ...NEW, tag: 'Gold' }, told(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
});

test('a tag that was made again counts as gone until somebody may carry the new one', () => {
  const rejected = told(12, 'VIP', { ending: 'rejected' });
  expect(withTag(KNOWN, rejected)).toEqual(KNOWN);
  expect(withTag(KNOWN, told(12, 'VIP'))).toMatchObject({ tagId: 12 });
  const [segment] = rejected.segments;
  const partly = { ...rejected, ending: 'cancelled' as const, segments: [{ ...segment!, tagged: 1 }] };
  expect(withTag(KNOWN, partly)).toMatchObject({ tagId: 12 });
  const unproven = { ...rejected, outcomes: { ...rejected.outcomes, unproven: 1 } };
  expect(withTag(KNOWN, unproven)).toMatchObject({ tagId: 12 });
});
