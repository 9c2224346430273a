import { OUTCOMES } from '../../contract/outcome';
import type { ExportReport, SegmentReport } from '../../contract/report';

/** A number of two exports. Null: not known, since a report lists the segments with the most changes only. */
export interface Difference {
  readonly group: 'profiles' | 'outcomes' | 'segments' | 'invalid' | 'refusals' | 'delivery';
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly difference: number | null;
}

type Numbers = ReadonlyMap<string, number>;

/** What differs, or not, between two exports of a destination. Numbers that are 0 in both are left out. */
export function differencesOf(before: ExportReport, after: ExportReport): readonly Difference[] {
  return [
    ...differing('profiles', profilesOf(before), profilesOf(after)),
    ...differing('outcomes', outcomesOf(before), outcomesOf(after)),
    ...segmentDifferences(before, after),
    ...differing('invalid', new Map(Object.entries(before.invalid)), new Map(Object.entries(after.invalid))),
    ...differing('refusals', refusalsOf(before), refusalsOf(after)),
    ...differing('delivery', deliveryOf(before), deliveryOf(after)),
  ];
}

function differing(group: Difference['group'], before: Numbers, after: Numbers): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
    differenceOf({ group, name, before: before.get(name) ?? 0, after: after.get(name) ?? 0 }),
  );
}

function differenceOf(one: Omit<Difference, 'difference'>): Difference[] {
  const { before, after } = one;
  if ((before ?? 0) === 0 && (after ?? 0) === 0) return [];
  return [{ ...one, difference: before === null || after === null ? null : after - before }];
}

function profilesOf({ selected, departed, baselineSize }: ExportReport): Numbers {
  return new Map(Object.entries({ selected, departed, 'in the baseline': baselineSize }));
}

function outcomesOf({ outcomes }: ExportReport): Numbers {
  return new Map(OUTCOMES.map((outcome) => [outcome, outcomes[outcome]]));
}

const SEGMENT_NUMBERS = ['profiles', 'tagged', 'untagged', 'failed'] as const;

function segmentDifferences(before: ExportReport, after: ExportReport): Difference[] {
  const ofBefore = segmentsOf(before);
  const ofAfter = segmentsOf(after);
  return [...new Set([...ofBefore.keys(), ...ofAfter.keys()])].flatMap((segment) =>
    SEGMENT_NUMBERS.flatMap((what) =>
      differenceOf({
        group: 'segments',
        name: `${segment}: ${what}`,
        before: ofBefore.get(segment)?.[what] ?? unlisted(before),
        after: ofAfter.get(segment)?.[what] ?? unlisted(after),
      }),
    ),
  );
}

function segmentsOf({ segments }: ExportReport): ReadonlyMap<string, SegmentReport> {
  return new Map(segments.map((one) => [one.segment, one]));
}

/** A segment that a complete report does not have had no profiles. */
function unlisted({ omittedSegments = 0 }: ExportReport): number | null {
  return omittedSegments > 0 ? null : 0;
}

/** By outcome and class, whatever Mailchimp's texts were. */
function refusalsOf({ refusals }: ExportReport): Numbers {
  const sums = new Map<string, number>();
  for (const { outcome, class: name, count } of refusals) {
    const key = name === '' ? outcome : `${outcome}: ${name}`;
    sums.set(key, (sums.get(key) ?? 0) + count);
  }
  return sums;
}

/** The only number that is no count. */
export const TOOK = 'took (ms)';

function deliveryOf({ durationMs, tally }: ExportReport): Numbers {
  return new Map(
    Object.entries({
      [TOOK]: durationMs,
      requests: tally?.requests ?? 0,
      batches: tally?.batches ?? 0,
      'rows in batches': tally?.lanes?.batch ?? 0,
      'rows directly': tally?.lanes?.direct ?? 0,
    }),
  );
}
