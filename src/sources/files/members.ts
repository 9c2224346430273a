import type { Database } from '../../duckdb/database';
import { DatabaseError } from '../../duckdb/database-error';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { UnmatchedRows } from '../../contract/plan';
import { type MembershipTable, type Reading, rowsOf } from './reading';
import { type SqlUse, asSqlError } from './segment-sql';
import { BROKEN_LIST } from './read-error';
import { ROW, STAGED_PROFILES, copyToScratch } from './stage';
import { type TextTable, strippedKey } from './table';

/** `ROW` of each staged profile that is in a segment, and `segments`: a 1 or 0 for each of the request. */
export const MEMBERSHIPS = 'own.memberships';

/** `segment` and `key` of each membership row that selects no profile; the key is NULL where it is blank. */
export const UNMATCHED = 'own.unmatched';

/** A name that no table of a source can have. */
const SQL_MEMBERS = '"#members"';

export interface Members {
  /** Profiles by segment, in the order of the request. */
  readonly members: readonly number[];
  /** Rows that select no profile, by segment. */
  readonly unmatched: readonly UnmatchedRows[];
  /** Profiles in at least one segment. */
  readonly selected: number;
}

/**
 * Finds the members of each segment.
 *
 * @throws ExportError SEGMENT_SQL_INVALID
 */
export async function findMembers(
  reading: Reading<TextTable>,
  key: string,
  segments: number,
): Promise<Members> {
  const { database } = reading;
  const files: string[] = [];
  for (const group of membershipsTogether(reading)) {
    const keys = group.map(({ membership, list }) => selectMembership(membership, inNoSegment(list)));
    files.push(await copyRows(reading, key, { number: files.length, keys: keys.join(' UNION ALL ') }));
  }
  const sql = [...reading.sql];
  const together = segmentsTogether(reading);
  for (let first = 0; first < sql.length; first += together) {
    const segments = sql.slice(first, first + together);
    files.push(...(await copySql(reading, key, { number: files.length, segments })));
  }
  const rows =
    files.length > 0
      ? `read_parquet([${files.join(', ')}])`
      : `(SELECT 0 AS segment, 0 AS ${ROW}, '' AS key LIMIT 0)`;
  // A step of its own: joining and grouping at once would need twice the memory.
  const last = Math.max(1, segments) - 1;
  const file = await copyToScratch(
    reading,
    'memberships',
    `SELECT ${ROW}, bitstring_agg(segment, 0, ${last})::VARCHAR AS segments FROM ${rows} WHERE ${ROW} IS NOT NULL GROUP BY ${ROW}`,
  );
  await database.run(`
    CREATE VIEW ${MEMBERSHIPS} AS FROM read_parquet(${file});
    CREATE VIEW ${UNMATCHED} AS SELECT segment, key FROM ${rows} WHERE ${ROW} IS NULL AND segment >= 0`);
  const unmatched = await countUnmatched(reading, { rows, segments });
  return { unmatched, ...(await countMembers(database, segments)) };
}

/** The number that stands for a segment in rows of a list whose value no segment asks for. That of segments that are not requested is -1. */
function inNoSegment(list: number): number {
  return -2 - list;
}

/**
 * Rows of segments that are not requested are left out. Keys of rows in no segment do not matter. A list has all segments that there are, so
 * one that no segment asks for says nothing.
 */
function selectMembership({ scan, table }: MembershipTable<TextTable>, noSegment: number): string {
  const values = scan.values.map(({ segment, value }) => `(${segment}, ${quoteText(value)})`).join(', ');
  const { key, column } = scan;
  const columns = column === undefined || column === key ? [key] : [key, column];
  const match = column === undefined ? 'true' : `${strippedKey(`m.${quoteName(column)}`)} = v.value`;
  const select = table.select(columns);
  const rows = scan.isList && column !== undefined ? eachOfList(select, { key, column }) : select;
  return `
    SELECT coalesce(v.segment, ${noSegment}) AS segment, CASE WHEN v.segment >= 0 THEN m.${quoteName(key)} END AS key
    FROM (${rows}) m LEFT JOIN (
      SELECT segment, ${strippedKey('value')} AS value FROM (VALUES ${values}) given(segment, value)) v ON ${match}
    WHERE ${scan.isList ? 'v.segment >= 0' : 'v.segment IS DISTINCT FROM -1'}`;
}

/** A row for each segment of a row's list. A list that is not of this form must not read as one of no segment: its customer would lose all tags. */
function eachOfList(
  select: string,
  { key, column }: { readonly key: string; readonly column: string },
): string {
  const list = quoteName(column);
  const broken = quoteText(`${BROKEN_LIST}${column}`);
  return `SELECT ${quoteName(key)}, unnest(CASE
      WHEN ${list} IS NULL THEN NULL
      WHEN NOT json_valid(${list}) THEN error(${broken})
      WHEN json_type(${list}) = 'ARRAY' THEN json_extract_string(${list}, '$[*]')
      WHEN json_type(${list}, '$.Segments') = 'ARRAY' THEN json_extract_string(${list}, '$.Segments[*]')
      WHEN json_type(${list}, '$.Segments') = 'NULL' THEN NULL
      ELSE error(${broken}) END) AS ${list}
    FROM (${select})`;
}

async function countUnmatched(
  { database, memberships }: Reading<TextTable>,
  { rows, segments }: { readonly rows: string; readonly segments: number },
): Promise<UnmatchedRows[]> {
  const found = await database.rows<{ segment: number; count: number }>(
    `SELECT segment, count(*) AS count FROM ${rows} WHERE ${ROW} IS NULL GROUP BY segment`,
  );
  const counts = new Map(found.map(({ segment, count }) => [segment, count]));
  return Array.from({ length: segments }, (_, segment) => {
    const list = memberships.findIndex(({ scan }) => scan.values.some((value) => value.segment === segment));
    return { keys: counts.get(segment) ?? 0, values: counts.get(inNoSegment(list)) ?? 0 };
  });
}

/** A segment that is SQL, by its position in the request. */
type SqlSegment = readonly [segment: number, use: SqlUse];

/** With few rows, a statement takes longer to plan and to write its file than to run, so many segments share one. */
const MOST_TOGETHER = 50;
/** With many rows, each has a statement of its own: DuckDB may run the parts of one at the same time, and the memory is for one. */
const ROWS_TOGETHER = 100_000;

function segmentsTogether({ profiles, tables }: Reading<TextTable>): number {
  const rows = rowsOf([profiles, ...tables.values()].flatMap(({ files }) => files));
  return Math.floor(Math.min(MOST_TOGETHER, Math.max(1, ROWS_TOGETHER / Math.max(1, rows))));
}

interface ListedMembership {
  readonly membership: MembershipTable<TextTable>;
  /** Its number among those of the reading. */
  readonly list: number;
}

function membershipsTogether({ profiles, memberships }: Reading<TextTable>): ListedMembership[][] {
  const groups: { rows: number; members: ListedMembership[] }[] = [];
  for (const [list, membership] of memberships.entries()) {
    const last = groups.at(-1);
    const rows = rowsOf(membership.table.files);
    if (last && last.members.length < MOST_TOGETHER && last.rows + rows <= ROWS_TOGETHER) {
      last.members.push({ membership, list });
      last.rows += rows;
    } else {
      groups.push({ rows: rows + rowsOf(profiles.files), members: [{ membership, list }] });
    }
  }
  return groups.map(({ members }) => members);
}

interface SqlGroup {
  /** Of the first file. */
  readonly number: number;
  readonly segments: readonly SqlSegment[];
}

async function copySql(
  reading: Reading<TextTable>,
  key: string,
  { number, segments }: SqlGroup,
): Promise<readonly string[]> {
  if (segments.length > 1) {
    const keys = segments
      .map(([segment, { sql }]) => selectKeys(segment, `(\n${sql}\n)`))
      .join(' UNION ALL ');
    try {
      return [await copyRows(reading, key, { number, keys })];
    } catch (error) {
      // One at a time shows which segment it is, and needs less memory.
      if (!(error instanceof DatabaseError)) throw error;
    }
  }
  const files: string[] = [];
  for (const [place, segment] of segments.entries())
    files.push(await copyOneSql(reading, key, { number: number + place, segment }));
  return files;
}

async function copyOneSql(
  reading: Reading<TextTable>,
  key: string,
  { number, segment: [segment, use] }: { readonly number: number; readonly segment: SqlSegment },
): Promise<string> {
  try {
    // First in a view of its own, so that DuckDB's errors are about this SQL and not about our statement around it.
    await reading.database.run(`CREATE OR REPLACE VIEW ${SQL_MEMBERS} AS ${use.sql}`);
    return await copyRows(reading, key, { number, keys: selectKeys(segment, SQL_MEMBERS) });
  } catch (error) {
    throw asSqlError(use.segment, error);
  }
}

function selectKeys(segment: number, from: string): string {
  return `SELECT ${segment} AS segment, #1::VARCHAR AS key FROM ${from}`;
}

/** Members with `ROW`, which is NULL for a row that names no profile, and then with its key. In a file: tables in memory take more of it. */
function copyRows(
  reading: Reading<TextTable>,
  key: string,
  { number, keys }: { readonly number: number; readonly keys: string },
): Promise<string> {
  const profiles = `(SELECT ${quoteName(key)} AS key, ${ROW} FROM ${STAGED_PROFILES})`;
  return copyToScratch(
    reading,
    `members-${number}`,
    `SELECT k.segment::SMALLINT AS segment, p.${ROW}::INTEGER AS ${ROW}, CASE WHEN p.${ROW} IS NULL THEN nullif(k.key, '') END AS key
      FROM (SELECT segment, ${strippedKey('key')} AS key FROM (${keys})) k LEFT JOIN ${profiles} p ON p.key = k.key`,
  );
}

/** A row for each segment, not a column: DuckDB needs most of a minute to plan a statement with 1,300 sums. */
async function countMembers(database: Database, segments: number): Promise<Omit<Members, 'unmatched'>> {
  await database.run(`
    CREATE TABLE own.combinations AS
    SELECT segments::BIT AS segments, count(*) AS profiles FROM ${MEMBERSHIPS} GROUP BY segments`);
  const counts = await database.rows<{ segment: number; profiles: number }>(`
    SELECT segment, sum(profiles)::BIGINT AS profiles FROM own.combinations, range(${segments}) r(segment)
    WHERE get_bit(segments, segment::INTEGER) = 1 GROUP BY segment`);
  const profilesOf = new Map(counts.map(({ segment, profiles }) => [segment, profiles]));
  const { selected } = await database.row<{ selected: number }>(
    'SELECT coalesce(sum(profiles), 0)::BIGINT AS selected FROM own.combinations',
  );
  return {
    members: Array.from({ length: segments }, (_, segment) => profilesOf.get(segment) ?? 0),
    selected,
  };
}
