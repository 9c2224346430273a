import type { Database } from '../duckdb/database';
import { quoteText } from '../duckdb/quote';
import type { PlannedTag } from './documents';
import type { RestoredTag } from './plan-tags';

interface RestoresInput {
  /** Path of the baseline's rows. */
  readonly rows: string;
  readonly tags: readonly PlannedTag[];
  readonly restored: readonly RestoredTag[];
}

/** For each of the planned tags: people who had it from us under an id that is no more, and get it again. */
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
    const { people } = await database.row<{ people: number }>(`
      SELECT count(*) AS people
      FROM (SELECT file_row_number::INTEGER AS b FROM read_parquet(${quoteText(rows)}, file_row_number = true)
            WHERE list_has_any(tags, [${dead.join(', ')}])) had
      JOIN person USING (b) WHERE get_bit(gained, ${bit}) = 1`);
    counts.push(people);
  }
  return counts;
}
