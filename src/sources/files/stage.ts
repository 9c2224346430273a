import { join } from 'node:path';
import { FAST_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { Database } from '../../duckdb/database';
import { ExportError, RepeatedKeys } from '../../errors';
import type { Reading } from './reading';
import type { EmptyKeys } from './unreadable-lines';
import {
  FILE_COLUMN,
  PROFILES,
  type TextTable,
  type UnreadableCount,
  isEmptyKey,
  selectNothing,
  strippedKey,
} from './table';

/** A name that no column of a source is likely to have. */
export const ROW = '"#row"';

/**
 * The staged profiles with `ROW`, their place in the file: what stands for a key where millions are compared. Rows without a key
 * are among them: a condition would mislead DuckDB about their number, and it would keep the wrong side of a join in memory.
 */
export const STAGED_PROFILES = 'own.profiles';

export interface StagedProfiles {
  /** Rows with a key. */
  readonly profiles: number;
  readonly emptyKeys: EmptyKeys;
}

/**
 * Copies the profiles to Parquet in scratch, so that the source is read and parsed once, however many segments
 * look at it. Makes the view `profiles` for SQL, and a view with row numbers for us.
 *
 * @throws ExportError SOURCE_KEY_NOT_UNIQUE
 */
export async function stageProfiles(
  reading: Reading<TextTable>,
  key: string,
  attributes: readonly string[],
): Promise<StagedProfiles> {
  const { database, profiles } = reading;
  const name = quoteName(key);
  const columns = [...new Set([key, ...attributes, ...columnsUsed(reading, PROFILES, profiles)])];
  const file = await copyToScratch(
    reading,
    `table-${PROFILES}`,
    `SELECT * REPLACE (nullif(${strippedKey(name)}, '') AS ${name}) FROM (${profiles.select(columns)})`,
  );
  // A schema of our own: SQL segments name tables without one.
  await database.run(`
    CREATE VIEW ${quoteName(PROFILES)} AS FROM read_parquet(${file}) WHERE ${name} IS NOT NULL;
    CREATE SCHEMA own;
    CREATE VIEW ${STAGED_PROFILES} AS
      SELECT * RENAME (file_row_number AS ${ROW}) FROM read_parquet(${file}, file_row_number = true)`);
  const { rows, filled, keys } = await database.row<{ rows: number; filled: number; keys: number }>(
    `SELECT count(*) AS rows, count(${name}) AS filled, count(DISTINCT ${name}) AS keys FROM read_parquet(${file})`,
  );
  if (keys < filled) throw await notUnique(database, { key, file, surplus: filled - keys });
  const counts = rows > filled ? await countEmptyKeys(reading, key) : [];
  return { profiles: filled, emptyKeys: { table: PROFILES, column: key, counts } };
}

/** Copies the further tables to Parquet in scratch and makes the views that SQL knows them by. */
export async function stageTables(
  reading: Pick<Reading<TextTable>, 'database' | 'folder' | 'tables' | 'sql' | 'profilesSql'>,
): Promise<void> {
  for (const [name, table] of reading.tables) {
    const columns = columnsUsed(reading, name, table);
    // Where only rows are counted, any column will do.
    const some = columns.length > 0 ? columns : table.columns.slice(0, 1);
    const select = some.length > 0 ? table.select(some) : selectNothing(['empty']);
    const file = await copyToScratch(reading, `table-${name}`, select);
    await reading.database.run(`CREATE VIEW ${quoteName(name)} AS FROM read_parquet(${file})`);
  }
}

/** The columns of a table that SQL may read. */
function columnsUsed(
  { sql, profilesSql }: Pick<Reading, 'sql' | 'profilesSql'>,
  name: string,
  { columns }: Pick<TextTable, 'columns'>,
): string[] {
  const uses = [...sql.values(), ...(profilesSql ? [profilesSql] : [])].filter((use) => use.tables.has(name));
  return columns.filter((column) => uses.some((use) => use.usesColumn(column)));
}

/** Writes `<name>.parquet` for this reading. Returns its path as a SQL literal. */
export async function copyToScratch(
  { database, folder }: Pick<Reading, 'database' | 'folder'>,
  name: string,
  select: string,
): Promise<string> {
  const file = quoteText(join(folder, `${name}.parquet`));
  await database.run(`COPY (${select}) TO ${file} (${FAST_ROWS})`);
  return file;
}

async function countEmptyKeys(
  { database, profiles }: Reading<TextTable>,
  key: string,
): Promise<UnreadableCount[]> {
  const rows = await database.rows<{ file: string; lines: number }>(`
    SELECT "${FILE_COLUMN}" AS file, count(*) AS lines
    FROM (${profiles.select([key], { file: true })})
    WHERE ${isEmptyKey(quoteName(key))}
    GROUP BY ALL`);
  return profiles.files.flatMap(({ path, readable }) =>
    rows.filter(({ file }) => file === readable).map(({ lines }) => ({ path, lines })),
  );
}

interface Repeated {
  readonly key: string;
  /** SQL literal. */
  readonly file: string;
  readonly surplus: number;
}

const KEYS_SHOWN = 5;

/** Keys may be personal: only the cause has them, which stays in this process. */
async function notUnique(database: Database, { key, file, surplus }: Repeated): Promise<ExportError> {
  const name = quoteName(key);
  const repeated = await database.rows<{ key: string; rows: number; keys: number }>(`
    SELECT ${name}::VARCHAR AS key, count(*) AS rows, count(*) OVER () AS keys FROM read_parquet(${file})
    WHERE ${name} IS NOT NULL GROUP BY ${name} HAVING count(*) > 1 ORDER BY rows DESC, key LIMIT ${KEYS_SHOWN}`);
  const keys = repeated[0]?.keys ?? 0;
  const rows = surplus === 1 ? 'one row repeats' : `${surplus} rows repeat`;
  const message =
    `The profiles were read, but ${rows} the "${key}" of an earlier row (distinct values: ${keys}). Make the key unique in the source, ` +
    'or name another column as profiles.key.';
  return new ExportError(
    'SOURCE_KEY_NOT_UNIQUE',
    `${message} temporal-mailchimp source check, which runs where the source can be read, shows some of these values.`,
    {
      details: { rows: surplus, keys },
      cause: new RepeatedKeys(
        message,
        repeated.map(({ key: value, rows }) => ({ key: value, rows })),
      ),
    },
  );
}
