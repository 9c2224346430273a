import { expect, test } from '@jest/globals';
import type { ExportReport } from '../../../src/contract/report';
import { withTag } from '../../../src/workflows/destination/tag-identity';
import { report } from '../samples';

const NEW = { segment: 'vip', tag: 'VIP', tagId: null, knownAs: null, digest: 'd' };
const KNOWN = { ...NEW, tagId: 11, knownAs: 'VIP' };

const told = (tagId: number, name: string, change: Partial<ExportReport> = {}) =>
  report({ segments: [{ ...report().segments[0]!, tagId, name, tagged: 0 }], ...change });

/** `asked`: as it was configured when the export began. */
const after = (known: Parameters<typeof withTag>[0], ended: ExportReport, asked = known) =>
  withTag(known, ended, [asked]);

test('the first export brings id and name, however it ends', () => {
  for (const status of ['completed', 'cancelled', 'denied'] as const)
    expect(after(NEW, told(11, 'Vip', { status }))).toEqual({
      ...NEW,
      tagId: 11,
      knownAs: 'Vip',
      tag: 'Vip',
    });
  expect(after(NEW, told(11, 'VIP', { status: 'planned' }))).toEqual(NEW);
});

test('a rename is believed when the export went through, and tried again otherwise', () => {
  const renamed = { ...KNOWN, tag: 'Gold' };
  expect(after(renamed, told(11, 'Gold'))).toEqual({ ...renamed, knownAs: 'Gold' });
  for (const status of ['cancelled', 'failed', 'denied', 'expired', 'replanned'] as const)
    expect(after(renamed, told(11, 'Gold', { status }))).toEqual(renamed);
});

test('a name that somebody gave it in Mailchimp is taken over', () => {
  expect(after(KNOWN, told(11, 'Best'))).toEqual({ ...KNOWN, tag: 'Best', knownAs: 'Best' });
});

test('what was configured while the export ran is for the next one', () => {
  expect(after({ ...KNOWN, tag: 'Gold' }, told(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
  expect(after({ ...NEW, tag: 'Gold' }, told(11, 'VIP'))).toEqual({ ...KNOWN, tag: 'Gold' });
  const adopted = { ...KNOWN, tag: 'Gold', tagId: 99, knownAs: 'Gold', isAdopted: true };
  expect(after(adopted, told(11, 'VIP'), KNOWN)).toEqual(adopted);
});

test('a tag that was made again counts as gone until somebody may carry the new one', () => {
  const denied = told(12, 'VIP', { status: 'denied' });
  expect(after(KNOWN, denied)).toEqual(KNOWN);
  expect(after(KNOWN, told(12, 'VIP'))).toMatchObject({ tagId: 12 });
  const [segment] = denied.segments;
  const partly = { ...denied, status: 'cancelled' as const, segments: [{ ...segment!, tagged: 1 }] };
  expect(after(KNOWN, partly)).toMatchObject({ tagId: 12 });
  const unproven = { ...denied, outcomes: { ...denied.outcomes, unproven: 1 } };
  expect(after(KNOWN, unproven)).toMatchObject({ tagId: 12 });
});

test('a tag that was adopted stays so until an export has completed with it', () => {
  const adopted = { ...KNOWN, isAdopted: true };
  expect(after(adopted, told(11, 'VIP', { status: 'failed' }))).toEqual(adopted);
  expect(after(adopted, told(11, 'VIP'))).toEqual(KNOWN);
});
