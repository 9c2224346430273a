import { NOT_REACHED } from '../../contract/failure-reasons';
import type { Outcome } from '../../contract/outcome';
import type { PartPlan } from '../../contract/plan';
import type { RowClass } from '../../contract/row-class';
import type { PlanRequest } from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import type { PlannedTag } from '../store/documents';
import { createTags, maskOf, noTags } from '../plan/tag-masks';

/** A contact with several results gets the worst of them. `acknowledged` becomes created, updated, removed or archived. */
const FROM_BEST_TO_WORST = [
  'acknowledged',
  'not_sent',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
] as const satisfies readonly (Outcome | 'acknowledged')[];

/** SQL: rank of a result, from 1. */
export function rankOf(result: string): string {
  return `list_position(${quoteTexts(FROM_BEST_TO_WORST)}, ${result})::TINYINT`;
}

/** SQL: the name of a rank. */
export function nameOfRank(rank: string): string {
  return `${quoteTexts(FROM_BEST_TO_WORST)}[${rank}]`;
}

export function rank(result: (typeof FROM_BEST_TO_WORST)[number]): number {
  return FROM_BEST_TO_WORST.indexOf(result) + 1;
}

/** Why something was not sent or has no proof, where no reply gave a reason. */
export const NO_ANSWER: RowClass = 'no_answer';
/** Reason of a contact that was created, but perhaps by an earlier attempt. */
export const UNCERTAIN = 'uncertain';

/** SQL: the contacts of a plan, in which those of earlier versions lack columns. */
function contactsOf(path: string): string {
  return `FROM (SELECT NULL::TIMESTAMP AS since, false AS archive, NULL::VARCHAR AS not_archived, false AS was_created WHERE false)
    UNION ALL BY NAME FROM read_parquet(${quoteText(path)})`;
}

/** SQL: the rows of a file in which those of version 0.4.0 have no `attribute`. */
export function withAttribute(path: string): string {
  return `FROM (SELECT NULL::VARCHAR AS attribute WHERE false) UNION ALL BY NAME FROM read_parquet(${quoteText(path)})`;
}

/** SQL: the rows of a file in which those of version 0.3.0 have no `since`, and those of version 0.4.0 no `attribute`. */
export function withSince(path: string): string {
  return `FROM (SELECT NULL::TIMESTAMP AS since, NULL::VARCHAR AS attribute WHERE false) UNION ALL BY NAME FROM read_parquet(${quoteText(path)})`;
}

interface ResultFiles {
  readonly lookups: readonly string[];
  readonly parts: readonly string[];
  readonly chunks: readonly string[];
}

/** `contacts`, `changes` and `results` are paths of local files. */
interface ResultsInput {
  readonly contacts: string;
  readonly changes: string;
  readonly request: PlanRequest;
  readonly tags: readonly PlannedTag[];
  readonly parts: readonly PartPlan[];
  /** Parts that were sent, or may have been. */
  readonly attempted: readonly number[];
  readonly results: ResultFiles;
}

/**
 * Creates the table `change_result`: the result of each change, and, without `id`, of rows in replies that belong to no change; and the
 * table `contact_result`: for each contact with changes the worst rank with its reason, the rank, reason and echoed status of the upsert, and
 * the masks of tags whose removal is proven, and was never sent; of the upsert also whether the reply counts the contact as new; and whether the
 * contact is archived, with the class that says why not, or that it is not certain who did it, and when that changed it.
 */
export async function createContactResults(database: Database, input: ResultsInput): Promise<void> {
  const { contacts, changes, request, tags, parts, attempted, results } = input;
  await database.run(`
    CREATE VIEW contact AS ${contactsOf(contacts)};
    CREATE VIEW change AS SELECT chunk, id, tag, address, ${isArchive(parts)} AS is_archive FROM read_parquet(${quoteText(changes)});
    CREATE TABLE attempted (first INTEGER, last INTEGER)`);
  await createRowResults(database, results);
  await createTags(database, tags, request.segments);
  const sent = parts.filter(({ part }) => attempted.includes(part));
  await database.append(
    'attempted',
    sent.map(({ firstChunk, lastChunk }) => [firstChunk, lastChunk]),
  );
  await database.run(`
    CREATE TABLE change_result AS
    SELECT coalesce(c.chunk, r.chunk) AS chunk, c.id, c.tag, t.bit, r.status, r.text, c.is_archive, c.tag IS NULL AND NOT c.is_archive AS is_upsert, coalesce(r."isNew", false) AS is_new, r."changedAt" AS changed_at,
      CASE WHEN r.result IS NOT NULL THEN ${rankOf('r.result')}
        WHEN a.chunk IS NOT NULL THEN ${rank('unproven')} ELSE ${rank('not_sent')} END AS rank,
      CASE WHEN r.result IS NOT NULL THEN r.class
        WHEN a.chunk IS NOT NULL THEN ${quoteText(NO_ANSWER)} ELSE ${quoteText(NOT_REACHED)} END AS class
    FROM change c
    FULL JOIN row_result r ON r.chunk = c.chunk AND r.email = c.address
    LEFT JOIN (SELECT unnest(range(first, last + 1)) AS chunk FROM attempted) a ON a.chunk = c.chunk
    LEFT JOIN tag t ON t.id = c.tag;
    CREATE TABLE contact_result AS
    SELECT id, max(rank) AS worst, arg_max({'class': class, 'text': text}, rank * 2 + is_upsert::TINYINT) AS why,
      max(rank) FILTER (is_upsert) AS upsert, max(status) FILTER (is_upsert) AS status,
      arg_max({'class': class, 'text': text}, rank) FILTER (is_upsert) AS upsert_why,
      coalesce(bool_or(is_upsert AND is_new AND rank = ${rank('acknowledged')}), false) AS is_new,
      coalesce(bool_or(is_archive AND rank = ${rank('acknowledged')} AND status = 'archived'), false) AS is_archived,
      coalesce(bool_or(is_archive AND rank > ${rank('acknowledged')}), false) AS is_archive_open,
      max(changed_at) AS changed_at,
      any_value(class) FILTER (is_archive AND rank = ${rank('acknowledged')}) AS archive_why,
      ${maskOf('bit', tags)} FILTER (rank = ${rank('acknowledged')})
        & ~coalesce(${maskOf('bit', tags)} FILTER (rank > ${rank('acknowledged')}), ${noTags(tags)}) AS off,
      ${maskOf('bit', tags)} FILTER (rank = ${rank('not_sent')}) AS kept_on,
      coalesce(bool_or(rank = ${rank('unproven')}), false) AS is_exposed
    FROM change_result WHERE id IS NOT NULL GROUP BY id`);
}

/** SQL: whether a change is to archive a contact. */
function isArchive(parts: readonly PartPlan[]): string {
  const [first] = parts.filter(({ kind }) => kind === 'archive');
  return first ? `chunk >= ${first.firstChunk}` : 'false';
}

/**
 * Creates the table `row_result`: the result of each row in the replies. For a chunk that was sent again directly, the results of its part do not
 * count; what was looked up counts first. In steps, since each reading of JSON takes 32 MB per thread, whatever is read.
 */
async function createRowResults(database: Database, { lookups, parts, chunks }: ResultFiles): Promise<void> {
  await database.run(`CREATE TABLE row_result AS SELECT * FROM ${readResults(lookups)}`);
  for (const less of [chunks, parts])
    await database.run(`
      INSERT INTO row_result SELECT * FROM ${readResults(less)}
      ANTI JOIN (SELECT chunk, email FROM row_result) USING (chunk, email)`);
}

const RESULT_COLUMNS =
  "{chunk: 'INTEGER', email: 'VARCHAR', result: 'VARCHAR', status: 'VARCHAR', class: 'VARCHAR', text: 'VARCHAR', isNew: 'BOOLEAN', changedAt: 'TIMESTAMP'}";

/** SQL: the rows of sealed results. */
function readResults(paths: readonly string[]): string {
  if (paths.length === 0) {
    return `(SELECT NULL::INTEGER AS chunk, NULL::VARCHAR AS email, NULL::VARCHAR AS result, NULL::VARCHAR AS status,
      NULL::VARCHAR AS class, NULL::VARCHAR AS text, NULL::BOOLEAN AS "isNew", NULL::TIMESTAMP AS "changedAt" WHERE false)`;
  }
  return `read_json(${quoteTexts(paths)}, format = 'newline_delimited', columns = ${RESULT_COLUMNS})`;
}
