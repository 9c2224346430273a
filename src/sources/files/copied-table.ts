import { quoteName, quoteText } from '../../duckdb/quote';
import type { DataFile } from './data-file';
import { UTF_8 } from './decoding';
import { CSV_OPTIONS, FILE_COLUMN, type TextTable } from './table';

interface Copy {
  /** For messages. */
  readonly what: string;
  /** Path of the file. */
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  /** In the order of the file. */
  readonly columns: readonly string[];
}

/** A copy of rows as CSV without a header line, as a table for DuckDB. */
export function copiedTable({ what, file, bytes, rows, columns }: Copy): TextTable {
  const data: DataFile = {
    path: file,
    name: what,
    size: bytes,
    stamp: '',
    readable: file,
    gzip: false,
    encoding: UTF_8,
  };
  const options = [
    ...CSV_OPTIONS,
    'header = false',
    String.raw`new_line = '\n'`,
    `delim = ','`,
    `quote = '"'`,
    `escape = '"'`,
    `columns = {${columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ')}}`,
  ];
  return {
    columns,
    files: [data],
    rows,
    unreadable: [],
    select: (wanted, { file: withFile = false } = {}) => {
      const values = wanted.map((name) => `nullif(c${columns.indexOf(name)}, '') AS ${quoteName(name)}`);
      const all = withFile ? [...values, quoteName(FILE_COLUMN)] : values;
      const withName = withFile ? [...options, `filename = ${quoteText(FILE_COLUMN)}`] : options;
      return `SELECT ${all.join(', ')} FROM read_csv(${quoteText(file)}, ${withName.join(', ')})`;
    },
    // The rows of a table have no place in it.
    locate: async () => [],
  };
}
