import type { SegmentTag } from '../../contract/plan';
import { isSameTag, tagKey } from '../../contract/tag-name';
import type { BaselineDocument, PlannedTag } from '../store/documents';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';

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

/** A configured tag, with an id that it had in the baseline and that no longer exists. */
export interface RestoredTag {
  readonly tagId: number;
  readonly deadId: number;
}

/** Tags that were deleted in Mailchimp and created again: the contacts that carried them are tagged again. */
export function restoredTags(
  segments: readonly SegmentTag[],
  baseline: BaselineDocument | undefined,
): readonly RestoredTag[] {
  const live = new Set(segments.map(({ tagId }) => tagId));
  const dead = Object.entries(baseline?.tags ?? {}).filter(([id]) => !live.has(Number(id)));
  return segments.flatMap(({ tag, tagId }) =>
    dead.flatMap(([id, { name }]) =>
      tagId !== null && isSameTag(name, tag) ? [{ tagId, deadId: Number(id) }] : [],
    ),
  );
}

interface RestoresInput {
  /** Path of the baseline's rows. */
  readonly rows: string;
  readonly tags: readonly PlannedTag[];
  readonly restored: readonly RestoredTag[];
}

/** For each of the planned tags: the number of contacts that an export gave it under an id that no longer exists, and that get it again. */
export async function countRestores(
  database: Database,
  { rows, tags, restored }: RestoresInput,
): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const [bit, { tagId }] of tags.entries()) {
    const dead = restored.filter((tag) => tag.tagId === tagId).map((tag) => tag.deadId);
    if (dead.length === 0) {
      counts.push(0);
      continue;
    }
    const { contacts } = await database.row<{ contacts: number }>(`
      SELECT count(*) AS contacts
      FROM (SELECT file_row_number::INTEGER AS b FROM read_parquet(${quoteText(rows)}, file_row_number = true)
            WHERE list_has_any(tags, [${dead.join(', ')}])) had
      JOIN contact USING (b) WHERE get_bit(gained, ${bit}) = 1`);
    counts.push(contacts);
  }
  return counts;
}
