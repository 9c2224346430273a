import type { FieldMatch } from '../../contract/merge-field';
import { PROTECTED_STATUSES } from '../../contract/outcome';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { hashColumn, type PlannedTag } from '../store/documents';
import { DELETED, isLifted, PERMANENT, retryAt } from './permanent-refusals';
import type { Lift } from '../store/lifts';
import { maskOf } from './tag-masks';

interface BaselineInput {
  readonly fields: readonly FieldMatch[];
  readonly tags: readonly PlannedTag[];
  /** Path of the baseline's rows with the fields it has columns for; undefined: nothing was exported yet. */
  readonly baseline: { readonly rows: string; readonly fields: readonly string[] } | undefined;
  /** Path of this export's census, or of its list of opt-outs. */
  readonly listed: string;
  /** When the plan is made. */
  readonly at: string;
  /** Send all rows again whose refusal is remembered as permanent. */
  readonly retryRefused: boolean;
  /** Requests to send some of them again. */
  readonly lifts: readonly Lift[];
}

/**
 * Creates the table `baseline`, with masks for its lists of tags, and the table `refusal`: rows that were permanently refused, by the
 * hash of what was sent, and addresses that were throttled and have to wait, whatever there is to send. `is_retried`: the row is sent
 * again, although it is the same.
 */
export async function createBaseline(
  database: Database,
  { fields, tags, baseline, listed, at, retryRefused, lifts }: BaselineInput,
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
          NULL::VARCHAR AS status, NULL::BIT AS owned) b WHERE false`);
    return;
  }
  const rows = `read_parquet(${quoteText(baseline.rows)}, file_row_number = true)`;
  await createMasks(database, { name: 'owned', from: rows }, tags);
  await createReturned(database, { rows: baseline.rows, listed });
  const retried = `refused_class IN (${PERMANENT}) AND ${retryRefused}`;
  const isDue = `coalesce(${retryAt('refused_class', 'refused_at')} <= TIMESTAMP ${quoteText(at)}, false)`;
  await database.run(`
    CREATE TABLE refusal AS
      SELECT file_row_number::INTEGER AS b, refused_hash AS hash, refused_outcome AS outcome, refused_class AS class, refused_text AS text,
        refused_at AS since, ${[retried, isDue, isLifted(lifts)].join(' OR ')} AS is_retried
      FROM ${rows} ANTI JOIN returned ON b = file_row_number
      WHERE refused_class IN (${PERMANENT}) OR refused_until > TIMESTAMP ${quoteText(at)};
    CREATE VIEW baseline AS
      SELECT b.file_row_number::INTEGER AS b, b.address, b.keys, ${stateOf('b', 'r.b')} AS state, b.present, b.member, b.status, o.mask AS owned ${columns.join('')}
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
    CREATE VIEW opt_out AS
    SELECT address, status FROM read_parquet(${quoteText(listed)}) WHERE status IN (${OPTED_OUT})`);
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

/** SQL: statuses of members that have opted out, in a list. */
export const OPTED_OUT = PROTECTED_STATUSES.map(quoteText).join(', ');

interface Masks {
  readonly name: string;
  readonly from: string;
}

/** Creates a table of the mask of each distinct list of tags: there are few combinations. Grouped by number: a list may have 2,000 tags. */
async function createMasks(
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
