import type { SegmentTag } from '../../contract/plan';
import { tagKey } from '../../contract/tag-name';
import type { BaselineDocument, PlannedTag } from '../store/documents';

/**
 * Tags of the configured segments, then those that contacts still carry from segments that are no longer configured.
 *
 * A tag that has the name of a configured one but another id was deleted in Mailchimp and created again (names are unique in an
 * audience): no member carries the old one, so there is nothing to remove.
 */
export function plannedTags(
  segments: readonly SegmentTag[],
  baseline: BaselineDocument | undefined,
): readonly PlannedTag[] {
  const configured = segments.flatMap(({ segment, tag, tagId }) =>
    tagId === null ? [] : [{ tagId, segment, name: tag }],
  );
  const ids = new Set(configured.map(({ tagId }) => tagId));
  const names = new Set(segments.map(({ tag }) => tagKey(tag)));
  const left = Object.entries(baseline?.tags ?? {})
    .map(([id, tag]) => ({ tagId: Number(id), ...tag }))
    .filter(({ tagId, name }) => !ids.has(tagId) && !names.has(tagKey(name)));
  return [...configured, ...left.toSorted((a, b) => a.tagId - b.tagId)];
}
