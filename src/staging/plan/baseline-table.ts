import type { FieldMatch } from '../../contract/merge-field';
import { PROTECTED_STATUSES } from '../../contract/outcome';
import type { RejectPolicies } from '../../contract/reject-policy';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { hashColumn, type PlannedTag } from '../store/documents';
import { DELETED, IS_LIFTABLE, isLifted, remembered, retryAt } from './permanent-refusals';
import type { Lift } from '../store/lifts';
import { maskOf } from './tag-masks';

/** The rows of a baseline. */
export interface BaselineFile {
  /** Path. */
  readonly rows: string;
  /** Merge field tags that it has a column for. */
  readonly fields: readonly string[];
  /** Whether it has the columns `created` and `archived_at`. */
  readonly hasOrigins: boolean;
}

interface BaselineInput {
  readonly fields: readonly FieldMatch[];
  readonly tags: readonly PlannedTag[];
  /** Undefined: nothing was exported yet. */
  readonly baseline: BaselineFile | undefined;
  /** Path of this export's census, or of its list of opt-outs. */
  readonly listed: string;
  /** When the plan is made. */
  readonly at: string;
  /** Send all rows again whose refusal is remembered as permanent. */
  readonly retryRefused: boolean;
  /** Requests to send some of them again. */
  readonly lifts: readonly Lift[];
  readonly rejects: RejectPolicies | undefined;
}

/**
 * Creates the table `baseline`, with masks for its lists of tags, and the table `refusal`: rows that were permanently refused, by the
 * hash of what was sent, and addresses that were throttled and have to wait, whatever there is to send. `is_retried`: the row is sent
 * again, although it is the same.
 */
export async function createBaseline(
  database: Database,
  { fields, tags, baseline, listed, at, retryRefused, lifts, rejects }: BaselineInput,
): Promise<void> {
  const columns = fields.map((match) => {
    const isThere = baseline?.fields.includes(match.field.tag) ?? false;
    const column = quoteName(hashColumn(match));
    return isThere ? `, b.${column}` : `, NULL::UBIGINT AS ${column}`;
  });
  if (!baseline) {
    await database.run(`
      CREATE TABLE refusal (b INTEGER, hash UBIGINT, outcome VARCHAR, class VARCHAR, text VARCHAR, since TIMESTAMP, is_retried BOOLEAN);
      CREATE VIEW baseline AS SELECT b.* ${columns.join('')} FROM (
        SELECT NULL::INTEGER AS b, NULL::VARCHAR AS address, NULL::VARCHAR[] AS keys, NULL::VARCHAR AS state, false AS present, false AS member,
          NULL::VARCHAR AS status, NULL::BIT AS owned, false AS created, NULL::TIMESTAMP AS archived_at) b WHERE false`);
    return;
  }
  const rows = `read_parquet(${quoteText(baseline.rows)}, file_row_number = true)`;
  await createMasks(database, { name: 'owned', from: rows }, tags);
  await createReturned(database, { rows: baseline.rows, listed });
  // A policy may have changed since the row was refused.
  const retried = `${IS_LIFTABLE} AND (${retryRefused} OR refused_class NOT IN (${remembered(rejects)}))`;
  const isDue = `coalesce(${retryAt(rejects)} <= TIMESTAMP ${quoteText(at)}, false)`;
  await database.run(`
    CREATE TABLE refusal AS
      SELECT file_row_number::INTEGER AS b, refused_hash AS hash, refused_outcome AS outcome, refused_class AS class, refused_text AS text,
        refused_at AS since, ${[retried, isDue, isLifted(lifts)].join(' OR ')} AS is_retried
      FROM ${rows} ANTI JOIN returned ON b = file_row_number
      WHERE (refused_hash IS NOT NULL AND ${IS_LIFTABLE}) OR refused_until > TIMESTAMP ${quoteText(at)};
    CREATE VIEW baseline AS
      SELECT b.file_row_number::INTEGER AS b, b.address, b.keys, ${stateOf('b', 'r.b')} AS state, b.present, b.member, b.status, o.mask AS owned,
        ${originsOf(baseline, 'b', 'r.b')} ${columns.join('')}
      FROM ${rows} b LEFT JOIN owned o ON o.tags = b.tags LEFT JOIN returned r ON r.b = b.file_row_number`);
}

/**
 * Creates the table `returned`: rows of a baseline that are remembered as permanently deleted, and whose address is listed in the audience
 * now. They signed up again, so the refusal is over.
 */
export async function createReturned(
  database: Database,
  { rows, listed }: { readonly rows: string; readonly listed: string },
): Promise<void> {
  await database.run(`
    CREATE TABLE returned AS
    SELECT file_row_number::INTEGER AS b FROM (
      SELECT address, file_row_number FROM read_parquet(${quoteText(rows)}, file_row_number = true)
      WHERE refused_class IN (${DELETED}))
    SEMI JOIN read_parquet(${quoteText(listed)}) USING (address)`);
}

/** SQL: the state of a row of the baseline. Fields and tags of a contact that returned went with its deletion: they are sent again. */
export function stateOf(row: string, returned: string): string {
  return `CASE WHEN ${row}.state = 'proven' AND ${returned} IS NOT NULL THEN 'exposed' ELSE ${row}.state END`;
}

/** SQL: whether we created the contact, and when we archived it. One that was deleted signed up again by itself. */
export function originsOf(
  { hasOrigins }: Pick<BaselineFile, 'hasOrigins'>,
  row: string,
  returned: string,
): string {
  if (!hasOrigins) return 'false AS created, NULL::TIMESTAMP AS archived_at';
  return `coalesce(${row}.created, false) AND ${returned} IS NULL AS created, ${row}.archived_at`;
}

interface CensusInput {
  /** Path. */
  readonly census: string | undefined;
  /** Path of what lists the opt-outs of now: this export's census, or its list of them. */
  readonly listed: string;
  readonly tags: readonly PlannedTag[];
}

/**
 * Creates the table `census`: the members that were in the audience before the first export, with the mask of our tags that they already carried;
 * and the table `opt_out`: the members that are unsubscribed, cleaned or archived now.
 */
export async function createCensus(database: Database, { census, listed, tags }: CensusInput): Promise<void> {
  await database.run(`
    CREATE VIEW opt_out AS ${optOutsIn(listed)}`);
  if (census === undefined) {
    await database.run('CREATE TABLE census (address VARCHAR, status VARCHAR, carried BIT)');
    return;
  }
  const rows = `read_parquet(${quoteText(census)})`;
  await createMasks(database, { name: 'carried', from: rows }, tags);
  await database.run(`
    CREATE VIEW census AS
    SELECT c.address, c.status, e.mask AS carried
    FROM ${rows} c LEFT JOIN carried e ON e.tags = c.tags`);
}

/** SQL: the members of a listing that have opted out, of archived ones with the time of the last change. One of version 0.4.0 has no times. */
export function optOutsIn(listed: string): string {
  return `SELECT address, status, changed_at FROM (
    FROM (SELECT NULL::TIMESTAMP AS changed_at WHERE false) UNION ALL BY NAME FROM read_parquet(${quoteText(listed)})) WHERE status IN (${OPTED_OUT})`;
}

/**
 * SQL: whether the archive still has a row of the baseline as we have left it. One that was changed since may have opted out before others archived
 * it again, so it is no longer ours to wake.
 * @param listed alias of the row of `optOutsIn`
 */
export function isStillOurs(archivedAt: string, listed: string): string {
  return `coalesce(${listed}.status = 'archived' AND ${listed}.changed_at <= ${archivedAt}, false)`;
}

/** SQL: statuses of members that have opted out, in a list. */
export const OPTED_OUT = PROTECTED_STATUSES.map(quoteText).join(', ');

interface Masks {
  readonly name: string;
  readonly from: string;
}

/** Creates a table of the mask of each distinct list of tags: there are few combinations. Grouped by number: a list may have 2,000 tags. */
export async function createMasks(
  database: Database,
  { name, from }: Masks,
  tags: readonly PlannedTag[],
): Promise<void> {
  await database.run(`
    CREATE TABLE ${name} AS
    WITH list AS MATERIALIZED (SELECT tags, row_number() OVER () AS number FROM (SELECT DISTINCT tags FROM ${from})),
    masks AS (
      SELECT number, ${maskOf('tag.bit', tags)} AS mask
      FROM (SELECT number, unnest(tags) AS carried FROM list) JOIN tag ON tag.id = carried GROUP BY number)
    SELECT tags, mask FROM list JOIN masks USING (number)`);
}
