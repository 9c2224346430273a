import { quoteName } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import type { DataFile } from './data-file';
import { nearest, suggest } from '../suggest';

/** Name of the column that `select` adds on request. */
export const FILE_COLUMN = '#file';

/** DuckDB's default; it differs when the size of buffers is set. In bytes. */
export const MAX_LINE = 2_000_000;

/** Options of every `read_csv`. */
export const CSV_OPTIONS: readonly string[] = [
  'auto_detect = false',
  // Else a folder called day=2026-01-31 becomes a column.
  'hive_partitioning = false',
  // Packed files were unpacked. DuckDB would go by the name.
  "compression = 'none'",
  // By default each thread has several buffers of 32 MB.
  'buffer_size = 8000000',
  `max_line_size = ${MAX_LINE}`,
];

export interface SelectOptions {
  /**
   * Whether this scan counts the lines it cannot read. One scan of a table has to; others skip such lines.
   * @default false
   */
  readonly count?: boolean;
  /** Adds the path of the file that a row came from, as `FILE_COLUMN`. @default false */
  readonly file?: boolean;
}

export interface Fault {
  readonly line: number;
  /** e.g. `MISSING COLUMNS`, `INVALID JSON`, `EMPTY KEY`. */
  readonly fault: string;
}

export interface LocateRequest {
  /** Faults that are known to be in the file. */
  readonly faults: ReadonlySet<string>;
  /** The column that may not be empty, where `EMPTY KEY` is among them. */
  readonly key: string | undefined;
  readonly limit: number;
}

/** Lines of one file that could not be used. */
export interface UnreadableCount {
  readonly path: string;
  readonly lines: number;
  readonly faults: readonly string[];
}

/** Rows of text over one or more files, whatever their format. */
export interface TextTable {
  /** In the order of the files. None is empty, no two are the same when case is ignored. None only for NDJSON without a row. */
  readonly columns: readonly string[];
  /** A SELECT that returns these columns under their names, as VARCHAR, with NULL for an empty value. */
  select(columns: readonly string[], options?: SelectOptions): string;
  /** Unreadable lines that are known without the record that DuckDB's CSV reader keeps. */
  readonly unreadable: readonly UnreadableCount[];
  /** The first faulty lines of a file. */
  locate(file: DataFile, request: LocateRequest): Promise<Fault[]>;
}

/** A result without rows, for a table without files: DuckDB's readers need at least one. */
export function selectNothing(columns: readonly string[], { file = false }: SelectOptions): string {
  const names = file ? [...columns, FILE_COLUMN] : columns;
  return `SELECT ${names.map((name) => `NULL::VARCHAR AS ${quoteName(name)}`).join(', ')} LIMIT 0`;
}

/** Reserved by the option of the same name of DuckDB's Parquet reader, which we need. */
const ROW_NUMBER = 'file_row_number';

/**
 * SQL compares column names without case, and DuckDB renames a column whose name it takes for a repeated one: `email` would become `Email_1`.
 * Some names it cannot take at all: SQL ends at a NUL.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export function checkNames(what: string, columns: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const column of columns) {
    const isReserved = column.toLowerCase() === ROW_NUMBER;
    if (isReserved || column.includes('\0')) {
      throw new ExportError(
        'SOURCE_MALFORMED',
        `${what}: a column has ${isReserved ? `the reserved name ${ROW_NUMBER}` : 'a NUL in its name'}. Rename it.`,
      );
    }
    const twin = seen.get(column.toLowerCase());
    if (twin !== undefined) {
      throw new ExportError(
        'SOURCE_MALFORMED',
        `${what}: the columns "${twin}" and "${column}" have the same name${twin === column ? '' : ' but for case'}. Rename one of them.`,
      );
    }
    seen.set(column.toLowerCase(), column);
  }
}

interface Required {
  readonly required: readonly string[];
  /** The names are the first line of a file, which may turn out to be a row. */
  readonly fromFirstLine: boolean;
}

/** @throws ExportError SOURCE_MALFORMED */
export function requireColumns(
  what: string,
  columns: readonly string[],
  { required, fromFirstLine }: Required,
): void {
  const column = columns.length === 0 ? undefined : required.find((name) => !columns.includes(name));
  if (column === undefined) return;
  const areNames =
    !fromFirstLine || required.some((name) => columns.includes(name) || nearest(name, columns) !== undefined);
  // Messages pass through Temporal, so no row may be in one.
  const advice = areNames
    ? `${suggest(column, columns)} Correct the configuration or the file.`
    : 'No name in the first line is similar: name one of its columns, or, if it is a row, set csv.header: false and columns.';
  throw new ExportError('SOURCE_MALFORMED', `${what}: there is no column "${column}". ${advice}`, {
    details: { column },
  });
}

/** Space, tab, line breaks, and the invisible characters that spreadsheets leave. */
const BLANKS = [9, 10, 13, 32, 160, 0x200b, 0xfeff].map((code) => `chr(${code})`).join(' || ');

/** SQL: a key, or a value that names a segment, without blanks at both ends. DuckDB's trim() alone would leave tabs and line breaks. */
export function strippedKey(sql: string): string {
  return `trim(${sql}, ${BLANKS})`;
}

/** SQL: whether a key is blank. */
export function isEmptyKey(sql: string): string {
  return `coalesce(${strippedKey(sql)}, '') = ''`;
}
