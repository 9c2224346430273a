import { quoteName } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import type { DataFile } from './data-file';

/** The table of profiles, in SQL and in messages. */
export const PROFILES = 'profiles';

/** @throws ExportError CONFIG_INVALID */
export function requireNoProfiles(tables: Readonly<Record<string, unknown>>): void {
  if (!Object.hasOwn(tables, PROFILES)) return;
  throw new ExportError(
    'CONFIG_INVALID',
    `A further table cannot be called "${PROFILES}": that is the name of the table of profiles in SQL. Rename it.`,
  );
}

/** Name of the column that `select` adds on request. */
export const FILE_COLUMN = '#file';

/** Options of every `read_csv`. */
export const CSV_OPTIONS: readonly string[] = [
  'auto_detect = false',
  // Else a folder called day=2026-01-31 becomes a column.
  'hive_partitioning = false',
  // Packed files were unpacked. DuckDB would go by the name.
  "compression = 'none'",
  // By default each thread has several buffers of 32 MB.
  'buffer_size = 8000000',
  // The longest record, with each value between quotes.
  'max_line_size = 7900000',
];

export interface SelectOptions {
  /** Adds the path of the file that a row came from, as `FILE_COLUMN`. @default false */
  readonly file?: boolean;
}

export interface Fault {
  readonly line: number;
  /** e.g. `MISSING COLUMNS`, `INVALID JSON`, `EMPTY KEY`. */
  readonly fault: string;
}

/** Only the first faults of a file are named. */
export const FAULTS_SHOWN = 5;

/** Lines of one file that could not be used. */
export interface UnreadableCount {
  readonly path: string;
  readonly lines: number;
  /** The first ones; undefined where `TextTable.locate` has to find them. */
  readonly first?: readonly Fault[];
}

/** Rows of text over one or more files, whatever their format. */
export interface TextTable {
  /** As the files have them, so not all of them can be used. None only for NDJSON without a row. */
  readonly columns: readonly string[];
  /** As DuckDB reads them. */
  readonly files: readonly DataFile[];
  /** Rows that can be used, where they were counted before DuckDB reads them. */
  readonly rows?: number;
  /** A SELECT that returns these columns under their names, as VARCHAR, with NULL for an empty value. */
  select(columns: readonly string[], options?: SelectOptions): string;
  readonly unreadable: readonly UnreadableCount[];
  /** The first faulty lines of a file of `files`, where `unreadable` does not name them. @param key a column that may not be empty */
  locate(file: DataFile, key: string | undefined): Promise<Fault[]>;
}

/** A result without rows, for a table without files: DuckDB's readers need at least one. */
export function selectNothing(columns: readonly string[], { file = false }: SelectOptions = {}): string {
  const names = file ? [...columns, FILE_COLUMN] : columns;
  return `SELECT ${names.map((name) => `NULL::VARCHAR AS ${quoteName(name)}`).join(', ')} LIMIT 0`;
}

/** Space, tab, line breaks, and the invisible characters that spreadsheets leave. */
const BLANKS = [9, 10, 13, 32, 160, 0x200b, 0xfeff].map((code) => `chr(${code})`).join(' || ');

/** SQL: a key, or a value that names a segment, without blanks at both ends. DuckDB's trim() alone would leave tabs and line breaks. */
export function strippedKey(sql: string): string {
  return `trim(${sql}, ${BLANKS})`;
}

/** SQL: a key without what programs change that take it for a number or a name: leading zeros, a fraction of zeros, capital letters. */
export function looseKey(sql: string): string {
  return `ltrim(regexp_replace(lower(${sql}), '[.,]0+$', ''), '0')`;
}

/** SQL: whether a key is blank. */
export function isEmptyKey(sql: string): string {
  return `coalesce(${strippedKey(sql)}, '') = ''`;
}

/** The same of a text. */
export function isEmptyText(text: string): boolean {
  return /^[ \t\n\r\u00A0\u200B\uFEFF]*$/.test(text);
}
