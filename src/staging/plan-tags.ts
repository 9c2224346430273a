import type { SegmentTag } from '../contract/plan';
import type { BaselineDocument, PlannedTag } from './documents';

/**
 * Tags of the configured segments, then those that people still carry from segments that are configured no more.
 *
 * A tag that has the name of a configured one but another id was deleted in Mailchimp and made anew (names are unique in an
 * audience): nobody can carry it any more, so there is nothing to take off.
 */
export function plannedTags(
  segments: readonly SegmentTag[],
  baseline: BaselineDocument | undefined,
): readonly PlannedTag[] {
  const configured = segments.flatMap(({ segment, tag, tagId }) =>
    tagId === null ? [] : [{ tagId, segment, name: tag }],
  );
  const ids = new Set(configured.map(({ tagId }) => tagId));
  const names = new Set(segments.map(({ tag }) => comparable(tag)));
  const left = Object.entries(baseline?.tags ?? {})
    .map(([id, tag]) => ({ tagId: Number(id), ...tag }))
    .filter(({ tagId, name }) => !ids.has(tagId) && !names.has(comparable(name)));
  return [...configured, ...left.toSorted((a, b) => a.tagId - b.tagId)];
}

/** Mailchimp compares tag names without case. */
function comparable(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
