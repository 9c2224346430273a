import type { Database } from '../../duckdb/database';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import type { DataFile } from './data-file';
import {
  FILE_COLUMN,
  type Fault,
  type LocateRequest,
  type SelectOptions,
  type TextTable,
  checkNames,
  isEmptyKey,
} from './table';

interface Column {
  readonly column_name: string;
  readonly column_type: string;
}

/**
 * Reads no rows, but the files' footers.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export async function openParquet(
  what: string,
  files: readonly DataFile[],
  database: Database,
): Promise<TextTable> {
  const described = await database.rows<Column>(`DESCRIBE SELECT * FROM ${readParquet(files)}`);
  const columns = described.map((column) => column.column_name).filter((name) => name !== '');
  checkNames(what, columns);
  const types = new Map(described.map((column) => [column.column_name, column.column_type]));
  return {
    columns,
    unreadable: [],
    select: (wanted, { file = false }: SelectOptions = {}) => {
      const values = wanted.map(
        (name) => `nullif(${asText(name, types.get(name))}, '') AS ${quoteName(name)}`,
      );
      if (file) values.push(quoteName(FILE_COLUMN));
      return `SELECT ${values.join(', ')} FROM ${readParquet(files, `filename = ${quoteText(FILE_COLUMN)}`)}`;
    },
    locate: (file, request) => locate(file, request, { database, types }),
  };
}

/** Nested values as JSON, as they would be in an NDJSON file. */
function asText(name: string, type = 'VARCHAR'): string {
  const nested = /^(STRUCT|MAP|UNION)\(|\]$/.test(type);
  return nested ? `to_json(${quoteName(name)})::VARCHAR` : `${quoteName(name)}::VARCHAR`;
}

function readParquet(files: readonly DataFile[], ...options: readonly string[]): string {
  const paths = quoteTexts(files.map(({ readable }) => readable));
  // Older writers do not mark text as text.
  return `read_parquet(${[paths, 'binary_as_string = true', 'hive_partitioning = false', ...options].join(', ')})`;
}

/** Parquet has rows where others have lines. */
async function locate(
  file: DataFile,
  { key, limit }: LocateRequest,
  { database, types }: { readonly database: Database; readonly types: ReadonlyMap<string, string> },
): Promise<Fault[]> {
  if (key === undefined) return [];
  const rows = await database.rows<{ line: number }>(`
    SELECT file_row_number + 1 AS line
    FROM ${readParquet([file], 'file_row_number = true')}
    WHERE ${isEmptyKey(asText(key, types.get(key)))}
    ORDER BY line LIMIT ${limit}`);
  return rows.map(({ line }) => ({ line, fault: 'EMPTY KEY' }));
}
