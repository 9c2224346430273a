import type { FilesSourceConfig, SegmentConfig } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { openDatabase, threadsFor } from '../../duckdb/open';
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
import { type SqlUse, checkSql } from './segment-sql';
import { type MembershipScan, chooseSegments, membershipScans } from './segments';
import type { SourceOptions } from '../options';
import { withScratchFolder } from '../scratch-folder';

/** The table of profiles, in SQL and in messages. */
export const PROFILES = 'profiles';

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

export interface MembershipTable {
  readonly scan: MembershipScan;
  readonly table: OpenTable;
}

/** One reading of a source: its tables are open, nothing of them has been read but their columns. */
export interface Reading {
  readonly database: Database;
  /** Scratch of this reading alone. */
  readonly folder: string;
  readonly profiles: OpenTable;
  /** Further tables by the name that SQL knows them by. */
  readonly tables: ReadonlyMap<string, OpenTable>;
  readonly memberships: readonly MembershipTable[];
  /** What each segment that is SQL reads, by its position in the request. */
  readonly sql: ReadonlyMap<number, SqlUse>;
}

export interface FilesContext {
  readonly config: FilesSourceConfig;
  readonly options: SourceOptions;
  /** Aborted when the source is closed. */
  readonly closed: AbortSignal;
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
    );
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
  const plan = await planReading(context, request, folder);
  const options = {
    baseFolder: context.options.baseFolder,
    folder,
    columnsOnly: request.columnsOnly ?? false,
    signal: context.stopped,
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

/** What `withReading` passes on. */
export interface ReadContext extends Omit<FilesContext, 'closed'> {
  readonly stopped: AbortSignal;
}

async function planReading(context: ReadContext, request: ReadRequest, folder: string): Promise<Plan> {
  const { config } = context;
  const segments = chooseSegments(config, request.segments);
  // Before any file is searched for: only the SQL shows which files are needed.
  const sql = await checkAllSql(
    context,
    segments.map((segment, index) => ({ id: request.segments[index] ?? '', segment })),
    folder,
  );
  return { sql, ...findWhatToRead(config, request, [...sql.values()]) };
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

async function checkAllSql(
  context: ReadContext,
  segments: readonly { readonly id: string; readonly segment: SegmentConfig }[],
  folder: string,
): Promise<Map<number, SqlUse>> {
  const uses = new Map<number, SqlUse>();
  if (!segments.some(({ segment }) => 'sql' in segment)) return uses;
  const tables = [PROFILES, ...Object.keys(context.config.tables)];
  await withDatabase(context, { folder, threads: 1, allow: [], files: [] }, async (database) => {
    for (const [index, { id, segment }] of segments.entries()) {
      if ('sql' in segment)
        uses.set(index, await checkSql(database, { segment: id, sql: segment.sql }, tables));
    }
  });
  return uses;
}

interface Sandbox {
  readonly folder: string;
  readonly threads: number;
  readonly allow: readonly string[];
  readonly files: readonly string[];
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

export async function withDatabase<T>(
  { options, stopped }: Pick<ReadContext, 'options' | 'stopped'>,
  sandbox: Sandbox,
  body: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ ...sandbox, memoryLimit: options.memoryLimit });
  const stop = () => void database.close();
  stopped.addEventListener('abort', stop);
  if (stopped.aborted) stop();
  try {
    return await body(database);
  } finally {
    stopped.removeEventListener('abort', stop);
    await database.close();
  }
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
