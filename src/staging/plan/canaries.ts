import { CANARIES_OF_KIND } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import type { PlannedTag } from '../store/documents';
import { OPTED_OUT } from './baseline-table';
import { noTags } from './tag-masks';

/** SQL: new contacts show what becomes of `status_if_new`; known members show whether tags are added to those that they have. */
const KINDS = ['NOT known', 'known'] as const;

/** SQL, to order by: a contact that has opted out, or is only sent again, shows less than others when it is read back. */
function showsLess(tags: readonly PlannedTag[]): string {
  return `coalesce(status IN (${OPTED_OUT}), false), NOT (differs OR gained <> ${noTags(tags)})`;
}

/** Creates the table `canary`: a few contacts that show, when they are read back, whether Mailchimp does what the requests say. */
export async function createCanaries(database: Database, tags: readonly PlannedTag[]): Promise<void> {
  const some = KINDS.map(
    (kind) =>
      `(SELECT id FROM contact WHERE upsert AND ${kind} ORDER BY ${showsLess(tags)}, id LIMIT ${CANARIES_OF_KIND})`,
  );
  await database.run(`CREATE TABLE canary AS ${some.join(' UNION ALL ')}`);
}

/**
 * Creates the table `spare`: a chunk with both kinds in equal numbers, as far as there are enough, for a plan of which Mailchimp refuses
 * all canaries of one kind. Refused contacts are often neighbours, such as test data under the first keys: so these are drawn from the whole plan.
 */
export async function createSpares(
  database: Database,
  { tags, rows }: { readonly tags: readonly PlannedTag[]; readonly rows: number },
): Promise<void> {
  const order = `${showsLess(tags)}, hash(id)`;
  const drawn = KINDS.map(
    (kind) => `(
      SELECT id, known, status, differs, gained FROM contact ANTI JOIN canary USING (id)
      WHERE upsert AND ${kind} ORDER BY ${order} LIMIT ${rows})`,
  );
  await database.run(`
    CREATE TABLE spare AS
    SELECT id, (row_number() OVER (ORDER BY turn, id) - 1)::INTEGER AS position
    FROM (SELECT id, row_number() OVER (PARTITION BY known ORDER BY ${order}) AS turn FROM (${drawn.join(' UNION ALL ')}))
    ORDER BY turn, id LIMIT ${rows}`);
}
