import type { Database } from './database';

/** What reads the clock without being a function in DuckDB's list. */
const CLOCKS = [
  'current_date',
  'current_localtime',
  'current_localtimestamp',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
];

/** Functions whose value is not the same each time, by DuckDB's own list: of those with a definition in SQL, it knows that alone. */
export async function unrepeatable(database: Database): Promise<ReadonlySet<string>> {
  const found = await database.rows<{ name: string }>(`
    SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions()
    WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
      OR regexp_matches(macro_definition, '(?i)current|local|now|random|today|transaction|uuid')`);
  return new Set([...CLOCKS, ...found.map(({ name }) => name)]);
}
