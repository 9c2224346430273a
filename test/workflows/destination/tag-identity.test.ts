import { describe, expect, test } from '@jest/globals';
import { noOutcomes } from '../../../src/contract/outcome';
import type { Removal } from '../../../src/contract/removal';
import type { ExportReport } from '../../../src/contract/report';
import { exportJob } from '../../../src/workflows/destination/jobs/export';
import { assignTags, withTag } from '../../../src/workflows/destination/tag-identity';
import { DESTINATION, INPUT, report } from '../samples';

const NEW = { segment: 'vip', tag: 'VIP', tagId: null, knownAs: null };
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

const assign = (one: Parameters<typeof assignTags>[0][number], own: Parameters<typeof withTag>[0][]) =>
  assignTags([one], { own, adoptTags: false });

describe('a checked configuration', () => {
  const checked = { segment: 'vip', tag: 'VIP' };

  test('takes the tags as they are after the check: an export may have created or renamed them', () => {
    expect(assign(checked, [KNOWN])).toEqual([KNOWN]);
    const renamed = { ...KNOWN, knownAs: 'Gold' };
    expect(assign({ ...checked, tag: 'Best' }, [renamed])).toEqual([{ ...renamed, tag: 'Best' }]);
    expect(assign(checked, [])).toEqual([NEW]);
  });

  test('no longer marks a tag as adopted that an export completed with', () => {
    expect(assign({ ...checked, holder: { id: 11 } }, [KNOWN])).toEqual([KNOWN]);
  });

  test('takes a tag that an export of the destination created, whatever became of the export', () => {
    const holder = { id: 11, isOwn: true };
    const taken = [{ ...KNOWN, isAdopted: true }];
    expect(assign({ ...checked, holder }, [])).toEqual(taken);
    expect(() => assign({ ...checked, holder: { id: 11 } }, [])).toThrow('another tool');
  });

  test('names every tag that is taken', () => {
    const two = ['a', 'b'].map((segment) => ({ segment, tag: segment.toUpperCase(), holder: { id: 1 } }));
    expect(() => assignTags(two, { own: [], adoptTags: false })).toThrow(
      /^2 tags are taken:\n- .*"A".*\n- .*"B"/,
    );
  });
});

test('a removal that leaves a destination reads no tags, so an adopted one is still to be read', () => {
  const segments = [{ segment: 'vip', tag: 'VIP', tagId: 11, knownAs: 'VIP', isAdopted: true as const }];
  const configuration = { ...INPUT.configuration, segments };
  const ended = (removal?: Removal) => ({
    job: DESTINATION.unsettled!,
    input: { ...INPUT, configuration, ...(removal && { removal }) },
    report: report({
      tags: [{ segment: 'vip', tagId: 11, name: 'VIP' }],
      outcomes: { ...noOutcomes(), removed: 3, unproven: 1 },
    }),
  });
  const isAdoptedAfter = (removal?: Removal) => {
    const state = exportJob.withReport({ ...DESTINATION, configuration }, ended(removal));
    return state.configuration?.segments[0]?.isAdopted;
  };
  expect(isAdoptedAfter({ exported: 'untag', by: 'Kim', contacts: 9 })).toBe(true);
  expect(isAdoptedAfter()).toBeUndefined();
});
