import type { Table } from '../../config/table-config';
import { ExportError } from '../../errors';
import type { Dialect } from './csv-records';
import { type Encoding, UTF_8 } from './decoding';
import type { TextFormat } from './survey';

export interface CsvFormat extends TextFormat {
  readonly kind: 'csv';
  readonly dialect: Dialect;
  readonly encoding: Encoding;
  readonly nullTexts: readonly string[];
  /** Names for files without a header line. */
  readonly columns: readonly string[] | undefined;
  /** The files are spreadsheets, of which CSV is made first. */
  readonly spreadsheet?: { readonly sheet: string | undefined };
}

export type Format = CsvFormat | { readonly kind: 'ndjson' } | { readonly kind: 'parquet' };

type Kind = Format['kind'] | 'xlsx';

const ENDINGS: readonly (readonly [RegExp, Kind])[] = [
  [/\.(csv|tsv)(\.gz)?$/i, 'csv'],
  [/\.(ndjson|jsonl)(\.gz)?$/i, 'ndjson'],
  [/\.parquet$/i, 'parquet'],
  [/\.xlsx$/i, 'xlsx'],
];

/**
 * How a table's files are to be read: by `format`, else by the ending of the paths.
 *
 * @throws ExportError CONFIG_INVALID
 */
export function formatOf(what: string, table: Table): Format {
  const paths = typeof table.path === 'string' ? [table.path] : table.path;
  const kinds = new Set(table.format ? [table.format] : paths.map((path) => kindOf(what, path)));
  const [kind, another] = kinds;
  if (kind === undefined || another !== undefined) {
    throw invalid(`${what}: one table cannot mix formats (${[...kinds].join(', ')}). Make it two tables.`);
  }
  if (kind === 'csv') return { ...textFormat(what, table), ...dialectOf(what, table, paths) };
  if (kind === 'xlsx') return { ...textFormat(what, table), ...COPIED, spreadsheet: { sheet: table.sheet } };
  return { kind };
}

/** How copies of files are written. */
export const COPIED = { dialect: { delimiter: ',', quote: '"', escape: '"' }, encoding: UTF_8 } as const;

function kindOf(what: string, path: string): Kind {
  const known = ENDINGS.find(([ending]) => ending.test(path));
  if (known) return known[1];
  throw invalid(
    `${what}: the format of ${path} does not show from its ending. Set format: csv, ndjson, parquet or xlsx.`,
  );
}

function textFormat(what: string, table: Table): Omit<CsvFormat, 'dialect' | 'encoding'> {
  const { header = true, skip = 0, nullText = [] } = table.csv ?? {};
  if (!header && !table.columns) {
    throw invalid(`${what}: a file without a header line needs its column names. Set columns.`);
  }
  return {
    kind: 'csv',
    header,
    skip,
    nullTexts: typeof nullText === 'string' ? [nullText] : nullText,
    columns: header ? undefined : table.columns,
  };
}

function dialectOf(
  what: string,
  { csv }: Table,
  paths: readonly string[],
): Pick<CsvFormat, 'dialect' | 'encoding'> {
  const { delimiter = ',', quote = '"', escape = '"', encoding = UTF_8 } = csv ?? {};
  // A comma is also what an unset delimiter looks like.
  const tabs = delimiter === ',' && paths.every((path) => /\.tsv(\.gz)?$/i.test(path));
  const dialect = { delimiter: tabs ? '\t' : delimiter, quote, escape };
  if (
    [quote, escape].some((char) => !/^[\x21-\x7e]$/.test(char)) ||
    [quote, escape].includes(dialect.delimiter)
  ) {
    throw invalid(
      `${what}: csv.quote and csv.escape have to be ASCII characters other than a blank and the delimiter.`,
    );
  }
  if (/[\n\r\0\ud800-\udfff]/.test(dialect.delimiter)) {
    throw invalid(`${what}: csv.delimiter has to be one character other than a line break.`);
  }
  return { dialect, encoding };
}

function invalid(message: string): ExportError {
  return new ExportError('CONFIG_INVALID', message);
}
