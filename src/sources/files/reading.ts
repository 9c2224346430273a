import type { FilesSourceConfig } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { threadsFor } from '../../duckdb/open';
import { changedWhileRead, findChanges } from './data-file';
import {
  type FoundTable,
  type OpenTable,
  type OpenTablesOptions,
  type TableSpec,
  findTables,
  openTable,
} from './open-tables';
import { asReadError } from './read-error';
import type { SqlUse } from './segment-sql';
import { type MembershipScan, membershipScans } from './segments';
import { queriesOf, sqlUses } from './sql-uses';
import { PROFILES, type TextTable } from './table';
import { type FilesContext, type ReadContext, type Sandbox, withDatabase } from './with-database';
import { isReplaced } from '../../objects/object-store';
import { withScratchFolder } from '../scratch-folder';

export interface ReadRequest {
  readonly segments: readonly string[];
  /** Read the further tables also where no segment uses them. @default false */
  readonly allTables?: boolean;
  /** Only the columns of the profiles are wanted. @default false */
  readonly columnsOnly?: boolean;
  /** Stops the reading. */
  readonly signal?: AbortSignal | undefined;
  /** Folder for results. */
  readonly into?: string;
}

export interface MembershipTable<Table extends TextTable = OpenTable> {
  readonly scan: Pick<MembershipScan, 'key' | 'column' | 'isList' | 'values'>;
  readonly table: Table;
}

/** One reading of a source: its tables are open, nothing of them has been read but their columns. */
export interface Reading<Table extends TextTable = OpenTable> {
  readonly database: Database;
  /** Scratch of this reading alone. */
  readonly folder: string;
  readonly profiles: Table;
  /** Further tables by the name that SQL knows them by. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly memberships: readonly MembershipTable<Table>[];
  /** What each segment that is SQL reads, by its position in the request. */
  readonly sql: ReadonlyMap<number, SqlUse>;
  /** What the profiles read, where they are SQL. */
  readonly profilesSql?: SqlUse;
}

/** A file that is replaced more often than this while it is read is not read. */
const READINGS = 3;

/** Opens what a request needs, runs the body, and removes everything again. Where files were replaced during that time, all of this is repeated. */
export async function withReading<T>(
  { closed, ...source }: FilesContext,
  request: ReadRequest,
  body: (reading: Reading) => Promise<T>,
): Promise<T> {
  const context = { ...source, stopped: stoppedBy(closed, request.signal) };
  for (let left = READINGS - 1; ; left -= 1) {
    context.stopped.throwIfAborted();
    const read = await withScratchFolder(context.options, (folder) =>
      readOnce(context, { request, folder }, body),
    ).catch((error: unknown) => {
      if (left > 0 && isReplaced(error)) return undefined;
      throw error;
    });
    if (!read) continue;
    if (read.changed.length === 0) return read.result();
    // A file that was replaced is complete. One that changed may still be written.
    if (left === 0 || !read.areReplaced) throw changedWhileRead(read.changed);
  }
}

interface ReadOnce<T> extends Awaited<ReturnType<typeof findChanges>> {
  /** Throws what the body threw. */
  readonly result: () => T;
}

async function readOnce<T>(
  context: ReadContext,
  { request, folder }: { readonly request: ReadRequest; readonly folder: string },
  body: (reading: Reading) => Promise<T>,
): Promise<ReadOnce<T>> {
  const plan = await planReading(context, request);
  const options = {
    root: await context.roots.open(context.stopped),
    folder,
    columnsOnly: request.columnsOnly ?? false,
    signal: context.stopped,
    access: context.access,
  };
  const found = await findTables(plan.specs, options);
  const files = found.flatMap((table) => table.files);
  const result = await withDatabase(context, sandboxOf(folder, found, request), async (database) =>
    body(await openAll(database, options, { ...plan, found })),
  ).then(
    (value) => () => value,
    (error: unknown) => () => {
      throw asReadError(files, error);
    },
  );
  // DuckDB opens a file again and again while it reads: rows of two versions must not be mixed, and their mixture may look damaged.
  return { result, ...(await findChanges(files)) };
}

export function stoppedBy(closed: AbortSignal, signal: AbortSignal | undefined): AbortSignal {
  return signal ? AbortSignal.any([closed, signal]) : closed;
}

interface Plan {
  readonly specs: readonly TableSpec[];
  readonly scans: readonly MembershipScan[];
  readonly sql: ReadonlyMap<number, SqlUse>;
}

async function planReading(context: ReadContext, request: ReadRequest): Promise<Plan> {
  const { config } = context;
  // Before any file is searched for: only the SQL shows which files are needed.
  const queries = queriesOf(config, request.segments);
  const uses = await sqlUses(context, queries);
  const sql = new Map(queries.map(({ position }, index) => [position, uses[index]!]));
  return { sql, ...findWhatToRead(config, request, uses) };
}

/** The tables that a request needs, by the tables that its SQL reads. */
export function findWhatToRead(
  config: FilesSourceConfig,
  { segments: ids, columnsOnly = false, allTables = false }: ReadRequest,
  sql: readonly Pick<SqlUse, 'tables'>[],
): Omit<Plan, 'sql'> {
  const scans = columnsOnly ? [] : membershipScans(config, ids);
  const tables = Object.entries(config.tables).filter(
    ([name]) => !columnsOnly && (allTables || sql.some((use) => use.tables.has(name))),
  );
  return {
    scans,
    specs: [
      { id: PROFILES, what: PROFILES, table: config.profiles, required: [config.profiles.key] },
      ...tables.map(([name, table]) => ({ id: `table ${name}`, what: `table ${name}`, table, required: [] })),
      ...scans.map((scan, index) => ({ ...scan, id: `members ${index}` })),
    ],
  };
}

const BYTES_OF_ROW = 100;

/** How many rows files have, by their size: an estimate, which need not be close. */
export function rowsOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0) / BYTES_OF_ROW;
}

export function sandboxOf(
  folder: string,
  found: readonly FoundTable[],
  { into }: Pick<ReadRequest, 'into'> = {},
): Sandbox {
  const files = found.flatMap((table) => table.files);
  return {
    folder,
    threads: threadsFor(rowsOf(files)),
    allow: into === undefined ? [folder] : [folder, into],
    files: files.map(({ readable }) => readable),
  };
}

async function openAll(
  database: Database,
  options: OpenTablesOptions,
  { found, scans, sql }: Plan & { readonly found: readonly FoundTable[] },
): Promise<Reading> {
  const opened = new Map<string, OpenTable>();
  for (const table of found) opened.set(table.id, await openTable(database, table, options));
  const named = (id: string) => opened.get(id) as OpenTable;
  return {
    database,
    folder: options.folder,
    profiles: named(PROFILES),
    tables: new Map(
      [...opened.values()]
        .filter(({ id }) => id.startsWith('table '))
        .map((table) => [table.id.slice('table '.length), table]),
    ),
    memberships: scans.map((scan, index) => ({ scan, table: named(`members ${index}`) })),
    sql,
  };
}
