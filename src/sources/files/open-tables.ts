import type { Table } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { quoteName } from '../../duckdb/quote';
import { checkDelimiter } from './check-dialect';
import { type ColumnNames, nameColumns, requireColumns } from './column-names';
import { openCsv } from './csv';
import { type DataFile, unpack } from './data-file';
import { findFiles } from './find-files';
import { type CsvFormat, type Format, formatOf } from './format';
import { openNdjson } from './ndjson';
import { openParquet } from './parquet';
import { asReadError } from './read-error';
import { FILE_COLUMN, type SelectOptions, type TextTable } from './table';
import { convertSheet } from './xlsx';

export interface TableSpec {
  readonly id: string;
  /** For messages: `profiles`, `table invoices`. */
  readonly what: string;
  readonly table: Table;
  /** Columns that it has to have. */
  readonly required: readonly string[];
}

/** A table whose files were found, before anything looks into them. */
export interface FoundTable extends TableSpec {
  readonly format: Format;
  readonly files: readonly DataFile[];
}

export interface OpenTable extends FoundTable, TextTable {
  readonly files: readonly DataFile[];
  /** Columns that are there, but cannot be requested: see `ColumnNames`. */
  readonly unusable: ColumnNames['unusable'];
}

export interface OpenTablesOptions {
  readonly baseFolder: string;
  /** Gets the copies of files. */
  readonly folder: string;
  /** Only the columns are wanted, so that a CSV file can stay as it is. @default false */
  readonly columnsOnly?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Finds the files of all tables and unpacks the packed ones.
 *
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID, DISK_FULL
 */
export async function findTables(
  specs: readonly TableSpec[],
  options: OpenTablesOptions,
): Promise<FoundTable[]> {
  const tables: FoundTable[] = [];
  let number = 0;
  for (const spec of specs) {
    const { what, table } = spec;
    const format = formatOf(what, table);
    const files: DataFile[] = [];
    for (const file of await findFiles(table.path, { baseFolder: options.baseFolder, what })) {
      number += 1;
      files.push(await prepare(file, format, { ...options, number }));
    }
    tables.push({ ...spec, format, files });
  }
  return tables;
}

async function prepare(
  file: DataFile,
  format: Format,
  options: OpenTablesOptions & { readonly number: number },
): Promise<DataFile> {
  if (format.kind !== 'csv') return unpack(file, options);
  if (format.spreadsheet) return convertSheet(file, format, options);
  const encoded = { ...file, encoding: format.encoding };
  return options.columnsOnly === true ? encoded : unpack(encoded, options);
}

/** @throws ExportError SOURCE_MALFORMED, SOURCE_UNREADABLE, STAGING_FAILED */
export async function openTable(
  database: Database,
  found: FoundTable,
  options: OpenTablesOptions,
): Promise<OpenTable> {
  const text = await openText(database, found, options);
  const { what, required, format, table } = found;
  const names = nameColumns(what, text.columns, table.rename);
  if (format.kind === 'csv') await checkSplit(text, names, { found, format, options });
  requireColumns(what, names, { required, fromFirstLine: format.kind === 'csv' && format.header });
  return { ...found, ...text, ...renamed(text, names), unusable: names.unusable };
}

async function openText(
  database: Database,
  { what, files, format }: FoundTable,
  { folder, signal, columnsOnly = false }: OpenTablesOptions,
): Promise<TextTable> {
  const workplace = { folder, signal };
  if (format.kind === 'csv') return openCsv(files, format, { ...workplace, what, withRows: !columnsOnly });
  try {
    return format.kind === 'ndjson'
      ? await openNdjson(files, database, workplace)
      : await openParquet(what, files, database);
  } catch (error) {
    throw asReadError(files, error);
  }
}

interface Split {
  readonly found: FoundTable;
  readonly format: CsvFormat;
  readonly options: OpenTablesOptions;
}

/** Looks for another delimiter where the configured one makes little sense. */
async function checkSplit(
  { columns, rows, unreadable }: TextTable,
  { usable }: ColumnNames,
  { found, format, options }: Split,
): Promise<void> {
  const [file] = found.files;
  const hasNoRow = rows === 0 && unreadable.length > 0;
  const hasOddHeader = columns.length === 1 || found.required.some((name) => !usable.has(name));
  if (file && !format.spreadsheet && (hasNoRow || (format.header && hasOddHeader))) {
    await checkDelimiter(file, columns.length, { format, signal: options.signal });
  }
}

/** The table with its usable columns under their configured names. */
function renamed(text: TextTable, { usable }: ColumnNames): Pick<TextTable, 'columns' | 'select' | 'locate'> {
  const nameInFile = (name: string) => usable.get(name) ?? name;
  const isSame = [...usable].every(([name, original]) => name === original);
  return {
    columns: [...usable.keys()],
    select: (wanted, options) =>
      isSame
        ? text.select(wanted, options)
        : selectRenamed(
            text,
            wanted.map((name) => [name, nameInFile(name)]),
            options,
          ),
    locate: (file, key) => text.locate(file, key === undefined ? undefined : nameInFile(key)),
  };
}

function selectRenamed(
  text: TextTable,
  names: readonly (readonly [string, string])[],
  options: SelectOptions = {},
): string {
  const columns = names.map(([name, original]) => `${quoteName(original)} AS ${quoteName(name)}`);
  if (options.file === true) columns.push(quoteName(FILE_COLUMN));
  const originals = names.map(([, original]) => original);
  return `SELECT ${columns.join(', ')} FROM (${text.select(originals, options)})`;
}
