import type { Table } from '../../config/table-config';
import type { Database } from '../../duckdb/database';
import { quoteName } from '../../duckdb/quote';
import { checkDelimiter } from './check-dialect';
import { type ColumnNames, nameColumns, requireColumns } from './column-names';
import { openCsv } from './csv';
import { replacedWhileRead } from '../../objects/object-store';
import type { SourceRoot } from '../root/source-root';
import { type DataFile, unpack } from './data-file';
import { type CsvFormat, type Format, formatOf } from './format';
import { openNdjson } from './ndjson';
import { openParquet } from './parquet';
import { asReadError } from './read-error';
import { FILE_COLUMN, type SelectOptions, type TextTable } from './table';
import type { TableAccess } from './table-access';
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
  readonly root: SourceRoot;
  /** Gets the copies of files. */
  readonly folder: string;
  /** Only the columns are wanted, so that a CSV file can stay as it is. @default false */
  readonly columnsOnly?: boolean;
  readonly signal: AbortSignal;
  /** Undefined: the tables are named by paths. */
  readonly access?: TableAccess | undefined;
}

export type Where = Pick<OpenTablesOptions, 'root' | 'access' | 'signal'>;

/** Paths of the files of a table, as the root knows them, sorted, each once. */
async function pathsOf(
  { what, table: { path } }: TableSpec,
  { access, root }: Where,
): Promise<readonly string[]> {
  return access ? access.find(String(path), root) : root.find(path, what);
}

/** For each table the states of its files. Opens none of them. */
export async function statesOf(
  specs: readonly TableSpec[],
  where: Where,
): Promise<readonly (readonly string[])[]> {
  const tables: string[][] = [];
  for (const spec of specs) {
    const states: string[] = [];
    for (const path of await pathsOf(spec, where)) {
      where.signal.throwIfAborted();
      states.push(await where.root.stateOf(path));
    }
    tables.push(states);
  }
  return tables;
}

/**
 * Finds the files of all tables, copies those of a store, and unpacks the packed ones.
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
    for (const path of await pathsOf(spec, options)) {
      const file = await options.root.open(path, { ...options, headOnly: needsHead(format, options) });
      number += 1;
      files.push(await prepare(file, format, { ...options, number }));
    }
    await checkAccessed({ table, format, files }, options);
    tables.push({ ...spec, format, files });
  }
  await requireSame(specs, options);
  return tables;
}

/**
 * Copies of a store stay as they are, so all of them are of one state if the store has the same files after the last copy as before the first.
 * Two files of different times would be as bad as half a file.
 *
 * @throws see `isReplaced`
 */
async function requireSame(specs: readonly TableSpec[], options: OpenTablesOptions): Promise<void> {
  const { root } = options;
  const now = root.again();
  if (!now) return;
  const before = (await statesOf(specs, options)).flat();
  const after = new Set((await statesOf(specs, { ...options, root: now })).flat());
  const changed = before.find((state) => !after.delete(state)) ?? [...after][0];
  if (changed !== undefined) throw replacedWhileRead(changed.split('\n')[0]!.split('/').at(-1)!);
}

/** Whether the columns are wanted, and the first line of a file has them. */
function needsHead(format: Format, { columnsOnly = false }: OpenTablesOptions): boolean {
  return columnsOnly && format.kind === 'csv' && !format.spreadsheet;
}

async function checkAccessed(
  { table, format, files }: Pick<FoundTable, 'table' | 'format' | 'files'>,
  { access, signal }: OpenTablesOptions,
): Promise<void> {
  if (!access || format.kind !== 'csv') return;
  for (const file of files) await access.check(String(table.path), file, { format, signal });
}

async function prepare(
  file: DataFile,
  format: Format,
  options: OpenTablesOptions & { readonly number: number },
): Promise<DataFile> {
  if (format.kind !== 'csv') return unpack(file, options);
  if (format.spreadsheet) return convertSheet(file, format, options);
  const encoded = { ...file, encoding: format.encoding };
  return needsHead(format, options) ? encoded : unpack(encoded, options);
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
  const usable = renamed(text, names);
  return { ...found, ...text, ...converted(usable, table, options.access), unusable: names.unusable };
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
function renamed(text: TextTable, { usable }: ColumnNames): Usable {
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

type Usable = Pick<TextTable, 'columns' | 'select' | 'locate'>;

/** The table with the values of another kind of source as they are to be exported. */
function converted(usable: Usable, { path }: Table, access: TableAccess | undefined): Usable {
  if (!access) return usable;
  const table = String(path);
  const valueOf = (name: string) => {
    const column = quoteName(name);
    const value = access.valueOf({ table, name }, column);
    return value === column ? undefined : `${value} AS ${column}`;
  };
  return {
    ...usable,
    select: (wanted, options) => {
      const changed = wanted.flatMap((name) => valueOf(name) ?? []);
      const select = usable.select(wanted, options);
      return changed.length === 0 ? select : `SELECT * REPLACE (${changed.join(', ')}) FROM (${select})`;
    },
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
