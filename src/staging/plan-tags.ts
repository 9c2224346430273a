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

/** A configured tag with an id that it had in the baseline and that is no more. */
export interface RestoredTag {
  readonly tagId: number;
  readonly deadId: number;
}

/** Tags that were deleted in Mailchimp and made anew: those who carried them are tagged again. */
export function restoredTags(
  segments: readonly SegmentTag[],
  baseline: BaselineDocument | undefined,
): readonly RestoredTag[] {
  const live = new Set(segments.map(({ tagId }) => tagId));
  const dead = Object.entries(baseline?.tags ?? {}).filter(([id]) => !live.has(Number(id)));
  return segments.flatMap(({ tag, tagId }) =>
    dead.flatMap(([id, { name }]) =>
      tagId !== null && comparable(name) === comparable(tag) ? [{ tagId, deadId: Number(id) }] : [],
    ),
  );
}

/** Mailchimp compares tag names without case. */
function comparable(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
