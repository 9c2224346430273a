import type { SegmentInfo, SourceCheck, SourceExtract } from '../../ports/source';

interface Counted {
  readonly attributes: readonly string[];
  readonly infos: readonly SegmentInfo[];
  /** Ids, in the order of the counts. */
  readonly segments: readonly string[];
  readonly counts: SourceExtract;
}

/** What a check says of the counts of a whole reading. */
export function toSourceCheck({ attributes, infos, segments, counts }: Counted): SourceCheck {
  const { profiles, members, unmatched, unreadable } = counts;
  return {
    attributes,
    segments: infos,
    profiles,
    members: segments.map((segment, index) => ({
      segment,
      profiles: members[index] ?? 0,
      unmatched: unmatched[index] ?? { keys: 0, values: 0 },
    })),
    unreadable,
  };
}
