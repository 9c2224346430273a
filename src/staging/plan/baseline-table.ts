import type { FieldMatch } from '../../contract/merge-field';
import { PROTECTED_STATUSES } from '../../contract/outcome';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { hashColumn, type PlannedTag } from '../store/documents';
import { PERMANENT } from './permanent-refusals';
import { maskOf } from './tag-masks';

interface BaselineInput {
  readonly fields: readonly FieldMatch[];
  readonly tags: readonly PlannedTag[];
  /** Path of the baseline's rows with the fields it has columns for; undefined: nothing was exported yet. */
  readonly baseline: { readonly rows: string; readonly fields: readonly string[] } | undefined;
  /** When the plan is made. */
  readonly at: string;
}

/**
 * Creates the table `baseline`, with masks for its lists of tags, and the table `refusal`: rows that were permanently refused, by the
 * hash of what was sent, and addresses that were throttled and have to wait, whatever there is to send.
 */
export async function createBaseline(
  database: Database,
  { fields, tags, baseline, at }: BaselineInput,
): Promise<void> {
  const columns = fields.map((match) => {
    const isThere = baseline?.fields.includes(match.field.tag) ?? false;
    const column = quoteName(hashColumn(match));
    return isThere ? `, b.${column}` : `, NULL::UBIGINT AS ${column}`;
  });
  if (!baseline) {
    await database.run(`
      CREATE TABLE refusal (b INTEGER, hash UBIGINT, outcome VARCHAR, class VARCHAR, text VARCHAR);
      CREATE VIEW baseline AS SELECT b.* ${columns.join('')} FROM (
        SELECT NULL::INTEGER AS b, NULL::VARCHAR AS address, NULL::VARCHAR[] AS keys, NULL::VARCHAR AS state, false AS present, false AS member,
          NULL::VARCHAR AS status, NULL::BIT AS owned) b WHERE false`);
    return;
  }
  const rows = `read_parquet(${quoteText(baseline.rows)}, file_row_number = true)`;
  await createMasks(database, { name: 'owned', from: rows }, tags);
  await database.run(`
    CREATE TABLE refusal AS
      SELECT file_row_number::INTEGER AS b, refused_hash AS hash, refused_outcome AS outcome, refused_class AS class, refused_text AS text
      FROM ${rows} WHERE refused_class IN (${PERMANENT}) OR refused_until > TIMESTAMP ${quoteText(at)};
    CREATE VIEW baseline AS
      SELECT b.file_row_number::INTEGER AS b, b.address, b.keys, b.state, b.present, b.member, b.status, o.mask AS owned ${columns.join('')}
      FROM ${rows} b LEFT JOIN owned o ON o.tags = b.tags`);
}

interface CensusInput {
  /** Paths. Without `optOuts`, the opt-outs are those of the census. */
  readonly census: string | undefined;
  readonly optOuts: string | undefined;
  readonly tags: readonly PlannedTag[];
}

/**
 * Creates the table `census`: the members that were in the audience before the first export, with the mask of our tags that they already carried;
 * and the table `opt_out`: the members that are unsubscribed, cleaned or archived now.
 */
export async function createCensus(
  database: Database,
  { census, optOuts, tags }: CensusInput,
): Promise<void> {
  const listed = optOuts ?? census;
  if (listed === undefined) throw new Error('a plan needs a census or a list of opt-outs');
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

/** Creates a table of the mask of each distinct list of tags: there are few combinations. */
async function createMasks(
  database: Database,
  { name, from }: Masks,
  tags: readonly PlannedTag[],
): Promise<void> {
  await database.run(`
    CREATE TABLE ${name} AS
    SELECT list.tags, ${maskOf('tag.bit', tags)} AS mask
    FROM (SELECT tags, unnest(tags) AS carried FROM (SELECT DISTINCT tags FROM ${from})) list
    JOIN tag ON tag.id = list.carried
    GROUP BY list.tags`);
}
