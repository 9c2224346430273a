import { quoteName, quoteText } from '../../duckdb/quote';
import type { Database } from '../../duckdb/database';
import { nameColumns, requireColumns } from '../files/column-names';
import { UTF_8 } from '../files/decoding';
import { asSqlError } from '../files/segment-sql';
import { FILE_COLUMN, PROFILES } from '../files/table';
import type { OpenedTable } from './table-kind';

/** A name that no table of a source can have. */
const VIEW = '"#profiles"';

interface Query {
  readonly sql: string;
  readonly key: string;
  /** Of all that it may read, in bytes: an estimate. */
  readonly size: number;
}

/**
 * The profiles that SQL makes out of the tables, whose views are there. Values are the text that DuckDB writes of them.
 * @throws ExportError CONFIG_INVALID, SOURCE_MALFORMED
 */
export async function computeProfiles(database: Database, { sql, key, size }: Query): Promise<OpenedTable> {
  const found = await describeQuery(database, sql);
  const names = nameColumns(PROFILES, found);
  requireColumns(PROFILES, names, { required: [key], fromFirstLine: false });
  const columns = [...names.usable.keys()];
  return {
    columns,
    unusable: names.unusable,
    unreadable: [],
    files: [
      {
        path: PROFILES,
        name: `profiles (rows whose "${key}" is empty)`,
        size,
        stamp: '',
        readable: PROFILES,
        gzip: false,
        encoding: UTF_8,
      },
    ],
    select: (wanted, { file = false } = {}) => {
      const values = wanted.map((name) => `nullif(${quoteName(name)}::VARCHAR, '') AS ${quoteName(name)}`);
      const all = file ? [...values, `${quoteText(PROFILES)} AS ${quoteName(FILE_COLUMN)}`] : values;
      return `SELECT ${all.join(', ')} FROM ${VIEW}`;
    },
    // The rows of a query have no place in it.
    locate: async () => [],
  };
}

async function describeQuery(database: Database, sql: string): Promise<string[]> {
  try {
    // First in a view of its own, so that DuckDB's errors are about this SQL and not about our statement around it.
    await database.run(`CREATE OR REPLACE VIEW ${VIEW} AS ${sql}`);
    const rows = await database.rows<{ column_name: string }>(`DESCRIBE FROM ${VIEW}`);
    return rows.map((row) => row.column_name);
  } catch (error) {
    throw asSqlError(undefined, error);
  }
}
