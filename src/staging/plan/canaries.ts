import { CANARIES_OF_KIND } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import type { PlannedTag } from '../store/documents';
import { OPTED_OUT } from './baseline-table';
import { noTags } from './tag-masks';

/** SQL: of new people it shows what becomes of `status_if_new`, of known ones whether tags are added to what somebody has. */
const KINDS = ['NOT known', 'known'] as const;

/** SQL, to order by: who has opted out, or is only sent again, shows less when read back than others do. */
function showsLess(tags: readonly PlannedTag[]): string {
  return `coalesce(status IN (${OPTED_OUT}), false), NOT (differs OR gained <> ${noTags(tags)})`;
}

/** Makes `canary`: a few people whose rows show, when read back, whether Mailchimp does what it was asked to. */
export async function createCanaries(database: Database, tags: readonly PlannedTag[]): Promise<void> {
  const some = KINDS.map(
    (kind) =>
      `(SELECT id FROM person WHERE upsert AND ${kind} ORDER BY ${showsLess(tags)}, id LIMIT ${CANARIES_OF_KIND})`,
  );
  await database.run(`CREATE TABLE canary AS ${some.join(' UNION ALL ')}`);
}

/**
 * Makes `spare`: a chunk with as many of both kinds as there are, for where Mailchimp refuses all canaries of one. Whoever is refused
 * often has neighbours who are too, such as test data under the first keys; so these are drawn from all over the plan.
 */
export async function createSpares(
  database: Database,
  { tags, rows }: { readonly tags: readonly PlannedTag[]; readonly rows: number },
): Promise<void> {
  const order = `${showsLess(tags)}, hash(id)`;
  const drawn = KINDS.map(
    (kind) => `(
      SELECT id, known, status, differs, gained FROM person ANTI JOIN canary USING (id)
      WHERE upsert AND ${kind} ORDER BY ${order} LIMIT ${rows})`,
  );
  await database.run(`
    CREATE TABLE spare AS
    SELECT id, (row_number() OVER (ORDER BY turn, id) - 1)::INTEGER AS position
    FROM (SELECT id, row_number() OVER (PARTITION BY known ORDER BY ${order}) AS turn FROM (${drawn.join(' UNION ALL ')}))
    ORDER BY turn, id LIMIT ${rows}`);
}
