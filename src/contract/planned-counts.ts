import type { SegmentPlan } from './plan';

/** The counts of a segment as if all that is planned were acknowledged. */
export function plannedCounts({ segment, tag, profiles, toTag, toUntag, unmatched }: SegmentPlan) {
  return {
    segment,
    name: tag,
    profiles,
    tagged: toTag,
    untagged: toUntag,
    failed: 0,
    ...(unmatched && { unmatched }),
  };
}
