import type { Table } from '../../config/source-config';
import { ExportError } from '../../errors';
import type { Encoding } from './data-file';
import type { Dialect } from './csv-records';

export interface CsvFormat extends Dialect {
  readonly kind: 'csv';
  readonly header: boolean;
  readonly encoding: Encoding;
  readonly nullText: string | undefined;
  /** Names for files without a header line. */
  readonly columns: readonly string[] | undefined;
}

export type Format = CsvFormat | { readonly kind: 'ndjson' } | { readonly kind: 'parquet' };

const ENDINGS: readonly (readonly [RegExp, Format['kind']])[] = [
  [/\.(csv|tsv)(\.gz)?$/i, 'csv'],
  [/\.(ndjson|jsonl)(\.gz)?$/i, 'ndjson'],
  [/\.parquet$/i, 'parquet'],
];

/**
 * How a table's files are to be read: by `format`, else by the ending of the paths.
 *
 * @throws ExportError CONFIG_INVALID
 */
export function formatOf(what: string, table: Table): Format {
  const paths = typeof table.path === 'string' ? [table.path] : table.path;
  const kinds = new Set(paths.map((path) => table.format ?? kindOf(what, path)));
  const [kind, another] = kinds;
  if (kind === undefined || another !== undefined) {
    throw invalid(`${what}: one table cannot mix formats (${[...kinds].join(', ')}). Make it two tables.`);
  }
  if (kind === 'csv') return csvFormat(what, table, paths);
  return { kind };
}

function kindOf(what: string, path: string): Format['kind'] {
  const known = ENDINGS.find(([ending]) => ending.test(path));
  if (known) return known[1];
  throw invalid(
    `${what}: the format of ${path} does not show from its ending. Set format: csv, ndjson or parquet.`,
  );
}

function csvFormat(what: string, table: Table, paths: readonly string[]): CsvFormat {
  const {
    delimiter = ',',
    quote = '"',
    escape = '"',
    header = true,
    encoding = 'utf-8',
    nullText,
  } = table.csv ?? {};
  // A comma is also what an unset delimiter looks like.
  const tabs = delimiter === ',' && paths.every((path) => /\.tsv(\.gz)?$/i.test(path));
  const format = { delimiter: tabs ? '\t' : delimiter, quote, escape };
  if (
    [quote, escape].some((char) => !/^[\x20-\x7e]$/.test(char)) ||
    [quote, escape].includes(format.delimiter)
  ) {
    throw invalid(`${what}: csv.quote and csv.escape have to be ASCII characters other than the delimiter.`);
  }
  if (!header && !table.columns) {
    throw invalid(`${what}: a file without a header line needs its column names. Set columns.`);
  }
  return {
    kind: 'csv',
    ...format,
    header,
    encoding,
    nullText,
    columns: header ? undefined : table.columns,
  };
}

function invalid(message: string): ExportError {
  return new ExportError('CONFIG_INVALID', message);
}
