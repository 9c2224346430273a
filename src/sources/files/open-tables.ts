import type { Table } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { checkDelimiter } from './check-dialect';
import { openCsv } from './csv';
import { type DataFile, unpack } from './data-file';
import { findFiles } from './find-files';
import { type Format, formatOf } from './format';
import { openNdjson } from './ndjson';
import { openParquet } from './parquet';
import { asReadError } from './read-error';
import { type TextTable, requireColumns } from './table';

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

export interface OpenTable extends FoundTable, TextTable {}

export interface FindTablesOptions {
  readonly baseFolder: string;
  /** Gets the unpacked copies. */
  readonly folder: string;
  /** Only the columns are wanted, so that a packed CSV file can stay packed. @default false */
  readonly columnsOnly?: boolean;
}

/**
 * Finds the files of all tables and unpacks the packed ones.
 *
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID, DISK_FULL
 */
export async function findTables(
  specs: readonly TableSpec[],
  { baseFolder, folder, columnsOnly = false }: FindTablesOptions,
): Promise<FoundTable[]> {
  const tables: FoundTable[] = [];
  let number = 0;
  for (const spec of specs) {
    const { what, table } = spec;
    const format = formatOf(what, table);
    const files: DataFile[] = [];
    for (const file of await findFiles(table.path, { baseFolder, what })) {
      number += 1;
      files.push(columnsOnly && format.kind === 'csv' ? file : await unpack(file, folder, number));
    }
    tables.push({ ...spec, format, files });
  }
  return tables;
}

/** @throws ExportError SOURCE_MALFORMED, SOURCE_UNREADABLE, STAGING_FAILED */
export async function openTable(database: Database, found: FoundTable): Promise<OpenTable> {
  const text = await openText(database, found);
  const { what, required, format, files } = found;
  const isSuspicious = text.columns.length === 1 || required.some((name) => !text.columns.includes(name));
  const [file] = files;
  if (format.kind === 'csv' && format.header && file && isSuspicious)
    await checkDelimiter(file, text.columns, format);
  requireColumns(what, text.columns, { required, fromFirstLine: format.kind === 'csv' && format.header });
  return { ...found, ...text };
}

async function openText(database: Database, found: FoundTable): Promise<TextTable> {
  const { what, files, format } = found;
  if (format.kind === 'csv') return openCsv(what, files, format);
  const open = format.kind === 'ndjson' ? openNdjson : openParquet;
  try {
    return await open(what, files, database);
  } catch (error) {
    throw await asReadError([found], error);
  }
}
