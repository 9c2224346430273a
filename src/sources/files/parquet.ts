import type { Database } from '../../duckdb/database';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { shorten } from '../suggest';
import { holdsAddress } from './column-names';
import type { DataFile } from './data-file';
import {
  FAULTS_SHOWN,
  FILE_COLUMN,
  type Fault,
  type SelectOptions,
  type TextTable,
  isEmptyKey,
  selectNothing,
} from './table';

/** Files with the same columns of the same types in the same order. */
interface Layout {
  readonly files: DataFile[];
  readonly types: ReadonlyMap<string, string>;
}

/**
 * Reads no rows, but the files' footers. Each file becomes text by its own types: read together, all files would get the types of the
 * first one, and `007` beside a file of numbers would become `7`.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export async function openParquet(
  what: string,
  files: readonly DataFile[],
  database: Database,
): Promise<TextTable> {
  const layouts = new Map<string, Layout>();
  for (const file of files) {
    const types = await typesOf(file, database);
    const key = JSON.stringify([...types]);
    const layout = layouts.get(key) ?? { files: [], types };
    layout.files.push(file);
    layouts.set(key, layout);
  }
  const all = [...layouts.values()];
  checkSame(what, all);
  return {
    columns: [...(all[0]?.types.keys() ?? [])],
    files,
    unreadable: [],
    select: (wanted, options = {}) =>
      all.length === 0
        ? selectNothing(wanted, options)
        : all.map((layout) => selectLayout(layout, wanted, options)).join(' UNION ALL '),
    locate: async (file, key) => {
      const layout = all.find((other) => other.files.includes(file));
      return layout && key !== undefined ? locate(file, asText(key, layout.types), database) : [];
    },
  };
}

async function typesOf(file: DataFile, database: Database): Promise<Map<string, string>> {
  const described = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${readParquet([file])}`,
  );
  return new Map(described.map((column) => [column.column_name, column.column_type]));
}

function checkSame(what: string, [first, ...others]: readonly Layout[]): void {
  for (const other of others) {
    const [missing, missed] = first!.types.size < other.types.size ? [first!, other] : [other, first!];
    const name = [...missed.types.keys()].find((column) => !missing.types.has(column));
    if (name === undefined) continue;
    const named = holdsAddress(name) ? 'a column' : `the column "${shorten(name)}"`;
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: the files differ in their columns. ${missed.files[0]?.name} has ${named}, and ${missing.files[0]?.name} has not. Make them the same, in any order.`,
    );
  }
}

function selectLayout(
  { files, types }: Layout,
  wanted: readonly string[],
  { file = false }: SelectOptions,
): string {
  const values = wanted.map((name) => `nullif(${asText(name, types)}, '') AS ${quoteName(name)}`);
  if (file) values.push(quoteName(FILE_COLUMN));
  return `SELECT ${values.join(', ')} FROM ${readParquet(files, `filename = ${quoteText(FILE_COLUMN)}`)}`;
}

/** Nested values as JSON, as they would be in an NDJSON file. */
function asText(name: string, types: ReadonlyMap<string, string>): string {
  const nested = /^(STRUCT|MAP|UNION)\(|\]$/.test(types.get(name) ?? 'VARCHAR');
  return nested ? `to_json(${quoteName(name)})::VARCHAR` : `${quoteName(name)}::VARCHAR`;
}

function readParquet(files: readonly DataFile[], ...options: readonly string[]): string {
  const paths = quoteTexts(files.map(({ readable }) => readable));
  // Older writers do not mark text as text.
  return `read_parquet(${[paths, 'binary_as_string = true', 'hive_partitioning = false', ...options].join(', ')})`;
}

/** Parquet has rows where others have lines. */
async function locate(file: DataFile, key: string, database: Database): Promise<Fault[]> {
  const rows = await database.rows<{ line: number }>(`
    SELECT file_row_number + 1 AS line
    FROM ${readParquet([file], 'file_row_number = true')}
    WHERE ${isEmptyKey(key)}
    ORDER BY line LIMIT ${FAULTS_SHOWN}`);
  return rows.map(({ line }) => ({ line, fault: 'EMPTY KEY' }));
}
