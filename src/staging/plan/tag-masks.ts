import type { SegmentTag } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import type { PlannedTag } from '../store/documents';

// Sets of tags are BIT masks while SQL works on them: a million lists of tags would not fit into the memory limit.

/** SQL: no tag at all. The masks of a plan all have one length, at least 1. */
export function noTags(tags: readonly PlannedTag[]): string {
  return `bitstring('0', ${maskLength(tags)})`;
}

function maskLength(tags: readonly PlannedTag[]): number {
  return Math.max(1, tags.length);
}

/** SQL: mask with the bits that a grouped integer column names. */
export function maskOf(bit: string, tags: readonly PlannedTag[]): string {
  return `bitstring_agg(${bit}, 0, ${maskLength(tags) - 1})`;
}

/** Creates the table `tag`: bit, Mailchimp's id, name, and the segment's position in the snapshot (-1: no longer configured). */
export async function createTags(
  database: Database,
  tags: readonly PlannedTag[],
  segments: readonly SegmentTag[],
): Promise<void> {
  await database.run('CREATE TABLE tag (bit INTEGER, id INTEGER, segment INTEGER, name VARCHAR)');
  await database.append(
    'tag',
    tags.map(({ tagId, name }, bit) => [
      bit,
      tagId,
      segments.findIndex((segment) => segment.tagId === tagId),
      name,
    ]),
  );
}

/** Creates the table `mask`: ids (ascending) and names (JSON) of the tags in each mask that a query returns. The empty mask has no row. */
export async function createMaskNames(database: Database, masks: string): Promise<void> {
  await database.run(`
    CREATE OR REPLACE TABLE mask AS
    SELECT m.mask, list(t.id ORDER BY t.id) AS ids, '[' || string_agg(to_json(t.name), ',' ORDER BY t.bit) || ']' AS names
    FROM (SELECT DISTINCT mask FROM (${masks})) m JOIN tag t ON get_bit(m.mask, t.bit) = 1
    GROUP BY m.mask`);
}
