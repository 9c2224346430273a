import { bytesOf } from './compact';
import type { ExportPlan } from './plan';
import type { ExportReport, SegmentReport, Settlement } from './report';

/** How many entries of each list of a report, or of a plan, cross Temporal. The store has all of them. */
const LISTED = { segments: 60, warnings: 40 } as const;

/** Of a report that is kept beside many others. */
const LISTED_OF_OLD = 3;

/** Reports that take this much together are kept whole, the latest first. */
const WHOLE_BYTES = 48_000;

export function abridgedPlan(plan: ExportPlan): ExportPlan {
  return {
    ...plan,
    ...segmentsOf(plan, { most: LISTED.segments, changes: plannedChanges }),
    warnings: plan.warnings.slice(0, LISTED.warnings),
  };
}

/** With the tags of all segments, for the destination. */
export function abridgedSettlement(settlement: Settlement): Settlement {
  return {
    ...settlement,
    ...segmentsOf(settlement, { most: LISTED.segments, changes }),
    warnings: settlement.warnings.slice(0, LISTED.warnings),
    tags: settlement.segments.flatMap(({ segment, tagId, name, tagged }) =>
      tagId === null
        ? []
        : { segment, tagId, ...(name !== segment && { name }), ...(tagged > 0 && { isTagged: true }) },
    ),
  };
}

/** Reports, the latest first, in a bounded number of bytes. Only the latest one keeps its timeline. */
export function abridgedReports(reports: readonly ExportReport[]): readonly ExportReport[] {
  let bytes = 0;
  return reports.map((report, index) => {
    const kept = index === 0 ? report : withoutTimeline(report);
    bytes += bytesOf(kept);
    return index === 0 || bytes <= WHOLE_BYTES ? kept : abridgedReport(kept);
  });
}

function withoutTimeline(report: ExportReport): ExportReport {
  const { timeline: _, ...rest } = report;
  return rest;
}

function abridgedReport(report: ExportReport): ExportReport {
  const most = LISTED_OF_OLD;
  return {
    ...report,
    ...segmentsOf(report, { most, changes }),
    warnings: report.warnings.slice(0, most),
    refusals: report.refusals.slice(0, most),
    guards: report.guards.slice(0, most),
    mismatches: report.mismatches.slice(0, most),
    approval: report.approval && { ...report.approval, numbers: report.approval.numbers.slice(0, most) },
  };
}

function plannedChanges({ toTag, toUntag, unmatched }: ExportPlan['segments'][number]): number {
  return toTag + toUntag + (unmatched?.keys ?? 0);
}

function changes({ tagged, untagged, failed, notSent = 0, unmatched }: SegmentReport): number {
  return tagged + untagged + failed + notSent + (unmatched?.keys ?? 0);
}

interface Listed<Segment> {
  readonly segments: readonly Segment[];
  readonly omittedSegments?: number;
}

/** The segments with the most changes and membership rows of no profile, in their order. */
function segmentsOf<Segment>(
  { segments, omittedSegments = 0 }: Listed<Segment>,
  { most, changes: of }: { readonly most: number; readonly changes: (segment: Segment) => number },
): Listed<Segment> {
  const omitted = omittedSegments + Math.max(0, segments.length - most);
  if (segments.length <= most) return { segments };
  const kept = new Set(segments.toSorted((one, other) => of(other) - of(one)).slice(0, most));
  return { segments: segments.filter((segment) => kept.has(segment)), omittedSegments: omitted };
}
