import type { FieldMatch } from '../contract/merge-field';
import type { Database } from '../duckdb/database';
import { quoteName } from '../duckdb/quote';
import { hashColumn, type PlannedTag } from './documents';
import { OPTED_OUT } from './plan-before';
import { noTags } from './tag-masks';
import { DOES_NOT_FIT } from './wire-values';

// One big join a statement: DuckDB keeps the tables of all joins of a statement at once, and the memory limit holds one of a
// million rows.

export interface PeopleInput {
  readonly fields: readonly FieldMatch[];
  readonly tags: readonly PlannedTag[];
  /** Merge field tags that the baseline has a column for. */
  readonly knownFields: readonly string[];
  /** The census was taken by this export: what it says of statuses is how things are. */
  readonly isCensusFresh: boolean;
  readonly keepLeavers: boolean;
}

/**
 * Makes `person`: a row for each valid address of the snapshot and each that departs, with what it needs. `decided` is an
 * outcome known beforehand; `upsert` and a `lost` mask with bits are what is to be sent. `id` is the winner's `n`; those of
 * departed addresses come after all `n`.
 */
export async function createPeople(database: Database, input: PeopleInput): Promise<void> {
  const { fields } = input;
  const hashes = fields.map((match) => quoteName(hashColumn(match)));
  await database.run(`
    CREATE TABLE winner AS
    SELECT ${['n', 'address', 'size', 'mask AS wanted', ...hashes].join(', ')}
    FROM profile ANTI JOIN duplicate USING (n) LEFT JOIN wanted USING (n) WHERE rule IS NULL`);
  await database.run(`CREATE TABLE seen AS ${seenQuery(fields)}`);
  await database.run('DROP TABLE winner');
  await database.run(
    'CREATE TABLE opted_out AS SELECT s.id, o.status FROM seen s JOIN opt_out o ON o.address = s.address',
  );
  await database.run(`CREATE TABLE person AS ${personQuery(input, comparedQuery(input))}`);
  await database.run('DROP TABLE seen');
}

/** Whether the attribute is empty now in a field that we had filled, in `person`: an empty text is sent to clear it. */
export function clearColumn({ field }: FieldMatch): string {
  return `x_${field.tag}`;
}

/** SQL: a hash of what an address is sent, to recognise what was refused. `ids`: the ids of the wanted tags. */
export function payloadHash(fields: readonly FieldMatch[], ids: string, from = ''): string {
  const parts = fields.map((match) => `coalesce(${from}${quoteName(hashColumn(match))}::VARCHAR, '-')`);
  return `md5_number_lower(concat_ws('|', ${[...parts, `${ids}::VARCHAR`].join(', ')}))`;
}

/** SQL: each winner with its row of the baseline, and the rows that depart. */
function seenQuery(fields: readonly FieldMatch[]): string {
  const hashes = fields.flatMap((match) => {
    const column = quoteName(hashColumn(match));
    return [
      // A value that does not fit is left alone: the field keeps what it has.
      `CASE WHEN p.${column} = ${DOES_NOT_FIT} THEN b.${column} ELSE p.${column} END AS ${column}`,
      `b.${column} AS ${wasColumn(match)}`,
    ];
  });
  return `
    SELECT ${[
      'coalesce(p.n, (SELECT count(*) FROM profile) + b.b)::INTEGER AS id',
      'p.n',
      'b.b',
      'coalesce(p.address, b.address) AS address',
      'p.size',
      'p.wanted',
      'b.owned',
      'b.state',
      'b.member',
      'b.status AS last_status',
      ...hashes,
    ].join(', ')}
    FROM winner p FULL JOIN before b ON b.address = p.address
    WHERE p.n IS NOT NULL OR b.present`;
}

function wasColumn({ field }: FieldMatch): string {
  return quoteName(`was_${field.tag}`);
}

/** SQL: what was known of a status; nothing where somebody who had opted out is not among those who have now. */
const LAST_STATUS = `CASE WHEN coalesce(s.last_status, c.status) NOT IN (${OPTED_OUT}) THEN coalesce(s.last_status, c.status) END`;

/** SQL: each address with what it wants, what it has, and the difference. */
function comparedQuery({ fields, tags, knownFields, isCensusFresh, keepLeavers }: PeopleInput): string {
  const none = noTags(tags);
  const isNewField = fields.some(({ field }) => !knownFields.includes(field.tag));
  const differs = fields.map(
    (match) => `${quoteName(hashColumn(match))} IS DISTINCT FROM ${wasColumn(match)}`,
  );
  const clears = fields.map(
    (match) =>
      `, ${quoteName(hashColumn(match))} IS NULL AND ${wasColumn(match)} IS NOT NULL AS ${quoteName(clearColumn(match))}`,
  );
  return `
    SELECT * EXCLUDE (${['state', 'member', 'last_status', 'elsewhere', ...fields.map(wasColumn)].join(', ')}),
      owned | (wanted & ~elsewhere) AS ours,
      CASE WHEN state = 'exposed' THEN wanted & ~elsewhere ELSE wanted & ~elsewhere & ~owned END AS gained,
      ${keepLeavers ? none : 'owned & ~wanted'} AS lost,
      ${['false', ...differs].join(' OR ')} AS differs,
      selected AND (state IS DISTINCT FROM 'proven' OR gained <> ${none} OR differs OR ${isNewField}) AS needs_upsert
      ${clears.join('')}
    FROM (
      SELECT s.* REPLACE (coalesce(s.wanted, ${none}) AS wanted, coalesce(s.owned, ${none}) AS owned),
        s.n IS NOT NULL AS selected, c.address IS NOT NULL OR coalesce(s.member, false) AS known,
        coalesce(o.status, ${isCensusFresh ? 'c.status' : LAST_STATUS}) AS status,
        coalesce(o.status = 'archived', false) AS is_archived,
        coalesce(c.carried, ${none}) & ~coalesce(s.owned, ${none}) AS elsewhere
      FROM seen s LEFT JOIN census c ON c.address = s.address LEFT JOIN opted_out o ON o.id = s.id)`;
}

/** SQL: each address with what is decided of it. */
function personQuery({ fields, tags, keepLeavers }: PeopleInput, compared: string): string {
  const none = noTags(tags);
  return `
    SELECT * EXCLUDE (is_archived, is_refused, needs_upsert, outcome, class, text)
      REPLACE (CASE WHEN upsert THEN gained ELSE ${none} END AS gained, CASE WHEN is_withheld THEN ${none} ELSE lost END AS lost),
      CASE WHEN is_withheld THEN 'suppressed'
        WHEN is_refused THEN outcome
        WHEN upsert OR lost <> ${none} THEN NULL
        WHEN selected OR ${keepLeavers} THEN 'unchanged'
        ELSE 'removed' END AS decided,
      CASE WHEN is_withheld THEN 'archived' WHEN is_refused THEN class END AS class,
      CASE WHEN is_refused AND NOT is_withheld THEN text END AS text
    FROM (SELECT *, is_archived AND (needs_upsert OR lost <> ${none}) AS is_withheld,
            needs_upsert AND NOT is_archived AND NOT is_refused AS upsert
          FROM (SELECT c.*, r.outcome, r.class, r.text,
                  needs_upsert AND r.b IS NOT NULL AND r.hash = ${payloadHash(fields, 'k.ids')} AS is_refused
                FROM (${compared}) c LEFT JOIN refusal r ON r.b = c.b LEFT JOIN mask k ON k.mask = c.wanted))`;
}
