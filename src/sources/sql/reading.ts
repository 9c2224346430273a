import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { threadsFor } from '../../duckdb/open';
import type { Database } from '../../duckdb/database';
import { makeViews } from '../files/find-problems';
import { asReadError } from '../files/read-error';
import { type Reading, rowsOf } from '../files/reading';
import { stageTables } from '../files/stage';
import { PROFILES } from '../files/table';
import { withDatabase } from '../files/with-database';
import { isReplaced } from '../../objects/object-store';
import type { SourceOptions } from '../options';
import { withScratchFolder } from '../scratch-folder';
import { computeProfiles } from './computed-profiles';
import { type Plan, type PlannedTable, type ReadRequest, planReading } from './plan';
import type { ResolvedSource } from './resolve';
import { tableKindOf } from './table-kinds';
import type { Change, OpenedTable, OpenedTables } from './table-kind';

export interface SqlContext {
  readonly source: ResolvedSource;
  readonly options: SourceOptions;
  readonly signal: AbortSignal;
}

/** The tables of a reading are staged; its profiles are not yet. */
export interface SqlReading extends Reading<OpenedTable & { readonly id: string }> {
  /** All that was opened: for what could not be used of it. */
  readonly opened: readonly (OpenedTable & { readonly id: string })[];
}

interface RequestInto extends ReadRequest {
  /** Folder for results. */
  readonly into?: string;
}

/** Places that change more often than this while they are read are not read. */
const READINGS = 3;

/** Opens what a request needs, runs the body, and removes everything again. Where a place has changed in that time, all of this is repeated. */
export async function withReading<T>(
  context: SqlContext,
  request: RequestInto,
  body: (reading: SqlReading) => Promise<T>,
): Promise<T> {
  const plan = await planReading(context.source, request, context);
  for (let left = READINGS - 1; ; left -= 1) {
    context.signal.throwIfAborted();
    const read = await withScratchFolder(context.options, (folder) =>
      readOnce({ ...context, plan, request, folder }, body),
    ).catch((error: unknown) => {
      if (left > 0 && isReplaced(error)) return undefined;
      throw error;
    });
    if (!read) continue;
    const { result, change } = read;
    if (!change) return result();
    if (left === 0 || !change.isWhole) throw change.error;
  }
}

interface ReadOnce extends SqlContext {
  readonly plan: Plan;
  readonly request: RequestInto;
  readonly folder: string;
}

async function readOnce<T>(
  context: ReadOnce,
  body: (reading: SqlReading) => Promise<T>,
): Promise<{ readonly result: () => T; readonly change: Change | undefined }> {
  const { options, signal: stopped, request, folder } = context;
  const places = await openPlaces(context);
  const files = places.flatMap((place) => place.files);
  const sandbox = {
    folder,
    threads: threadsFor(rowsOf(files)),
    allow: request.into === undefined ? [folder] : [folder, request.into],
    files: files.map(({ readable }) => readable),
  };
  const result = await withDatabase({ options, stopped }, sandbox, async (database) =>
    body(await readTables(database, places, context)),
  ).then(
    (value) => () => value,
    (error: unknown) => () => {
      throw asReadError(files, error);
    },
  );
  return { result, change: await findChange(places) };
}

/** Places one after the other: each in a state of its own. */
async function openPlaces({ plan, request, options, signal, folder }: ReadOnce): Promise<OpenedTables[]> {
  const opened: OpenedTables[] = [];
  for (const [number, tables] of plan.places.entries()) {
    const own = join(folder, `place-${number}`);
    await mkdir(own, { mode: 0o700 });
    const workplace = { options, signal, folder: own, columnsOnly: request.columnsOnly ?? false };
    opened.push(await tableKindOf(tables[0]!.config).open(tables, workplace));
  }
  return opened;
}

async function findChange(places: readonly OpenedTables[]): Promise<Change | undefined> {
  const changes: Change[] = [];
  for (const place of places) {
    const change = await place.findChange();
    if (change) changes.push(change);
  }
  return changes.find(({ isWhole }) => !isWhole) ?? changes[0];
}

async function readTables(
  database: Database,
  places: readonly OpenedTables[],
  { source, plan, request, folder }: ReadOnce,
): Promise<SqlReading> {
  const opened: (OpenedTable & PlannedTable & { readonly id: string })[] = [];
  for (const [number, place] of places.entries()) {
    const tables = await place.read(database);
    for (const [index, planned] of plan.places[number]!.entries())
      opened.push({ ...planned, ...tables[index]!, id: planned.what });
  }
  const named = (what: string) => opened.find((table) => table.what === what)!;
  const tables = new Map(
    opened.flatMap((table) =>
      table.name === undefined || table.name === PROFILES ? [] : [[table.name, table] as const],
    ),
  );
  const reading = {
    database,
    folder,
    tables,
    opened,
    memberships: plan.scans.map((scan) => ({ scan, table: named(scan.what) })),
    sql: new Map(plan.queries.map(({ position }, index) => [position, plan.uses[index]!])),
    ...(plan.profilesSql && { profilesSql: plan.profilesSql }),
  };
  const { sql, key } = source.profiles;
  if (sql === undefined) {
    const profiles = named(PROFILES);
    if (request.columnsOnly !== true) await stageTables(reading);
    return { ...reading, profiles };
  }
  // Its columns are those of a query over the others.
  await (request.columnsOnly === true ? makeViews(database, columnsOf(tables)) : stageTables(reading));
  const size = opened.flatMap(({ files }) => files).reduce((sum, file) => sum + file.size, 0);
  const computed = await computeProfiles(database, { sql, key, size });
  const profiles = { ...computed, id: PROFILES };
  return { ...reading, profiles, opened: [...opened, profiles] };
}

function columnsOf(tables: ReadonlyMap<string, OpenedTable>): ReadonlyMap<string, readonly string[]> {
  return new Map([...tables].map(([name, { columns }]) => [name, columns]));
}
