import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresSourceConfig } from '../../config/postgres-config';
import { threadsFor } from '../../duckdb/open';
import { ExportError } from '../../errors';
import { nameColumns, requireAttributes } from '../files/column-names';
import type { MembershipTable, Reading } from '../files/reading';
import { type MembershipScan, chooseSegments, membershipScans } from '../files/segments';
import { PROFILES, type TextTable } from '../files/table';
import { withDatabase } from '../files/with-database';
import type { SourceOptions } from '../options';
import { withScratchFolder } from '../scratch-folder';
import { suggest } from '../suggest';
import { serverSettings } from './connection-settings';
import { copiedTable } from '../files/copied-table';
import { asCopyError } from './copy-error';
import { type Relation, type RelationConfig, relationOf } from './relation';
import { type CopiedRows, type Session, withSession } from './session';

export interface PostgresContext {
  readonly config: PostgresSourceConfig;
  readonly options: SourceOptions;
  readonly stopped: AbortSignal;
}

export interface PostgresReading extends Reading<TextTable> {
  /** All that can be requested, in the order of the source. */
  readonly attributes: readonly string[];
  /** Rows of profiles that the server sent. */
  readonly rows: number;
  /** Tables of members of which DuckDB might leave rows out. */
  readonly uncertain: readonly TextTable[];
}

interface ReadRequest {
  /** Undefined: all that there are. */
  readonly attributes: readonly string[] | undefined;
  readonly segments: readonly string[];
  /** Folder for results. */
  readonly into?: string;
}

/** Connects, and lends a transaction. @throws ExportError as `withSession` */
export async function withTransaction<Result>(
  { config, options, stopped }: PostgresContext,
  body: (session: Session) => Promise<Result>,
): Promise<Result> {
  const server = await serverSettings(config, options.secrets);
  return withSession(server, { timeoutSeconds: config.statementTimeoutSeconds, stopped }, body);
}

/**
 * Copies profiles and members out of one transaction, then lends the copies. The server is free while DuckDB works.
 *
 * @throws ExportError as `withSession`, ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, SOURCE_MALFORMED
 */
export async function withReading<Result>(
  context: PostgresContext,
  request: ReadRequest,
  body: (reading: PostgresReading) => Promise<Result>,
): Promise<Result> {
  chooseSegments<RelationConfig>(context.config, request.segments);
  return withScratchFolder(context.options, async (folder) => {
    const copied = await withTransaction(context, (session) =>
      copyAll(session, folder, { ...context, request }),
    );
    const sandbox = {
      folder,
      threads: threadsFor(copied.rows),
      allow: request.into === undefined ? [folder] : [folder, request.into],
      files: [],
    };
    return withDatabase(context, sandbox, (database) =>
      body({ ...copied, database, folder, tables: new Map(), sql: new Map() }).catch((error: unknown) => {
        throw asCopyError(error);
      }),
    );
  });
}

export function profilesOf({ profiles }: PostgresSourceConfig): Relation {
  return relationOf(profiles, { at: PROFILES, what: PROFILES });
}

export function membersOf(
  { what, table }: Pick<MembershipScan<RelationConfig>, 'what' | 'table'>,
  id: string,
): Relation {
  return relationOf(table, { at: `segments.${id}`, what });
}

/** Of a segment that is SQL. */
export function querySegment(id: string, sql: string): Relation {
  return relationOf({ sql }, { at: `segments.${id}`, what: `segment ${id}`, segment: id });
}

type Copied = Pick<PostgresReading, 'attributes' | 'profiles' | 'memberships' | 'rows' | 'uncertain'>;
interface CopyContext extends Pick<PostgresContext, 'config'> {
  readonly request: ReadRequest;
}

async function copyAll(session: Session, folder: string, { config, request }: CopyContext): Promise<Copied> {
  const { key } = config.profiles;
  const relation = profilesOf(config);
  const described = await describe(session, relation, [key]);
  requireAttributes(
    { columns: described.usable, unusable: described.unusable },
    request.attributes ?? [],
    'Give one of them another name, in a SELECT (profiles.sql).',
  );
  const columns = [...new Set([key, ...(request.attributes ?? described.usable)])];
  const { table: profiles } = await copyColumns(session, described, {
    columns,
    file: join(folder, 'profiles.csv'),
  });
  const memberships: Membership[] = [];
  for (const scan of membershipScans<RelationConfig>(config, request.segments)) {
    const file = join(folder, `members-${memberships.length}.csv`);
    memberships.push(await copyMembers(session, scan, file));
  }
  const queries = await copyQueries(session, config, { segments: request.segments, folder });
  const members = [...memberships, ...queries];
  return {
    attributes: described.usable,
    profiles,
    memberships: members,
    rows: profiles.rows ?? 0,
    uncertain: members.filter(({ mayBeLong }) => mayBeLong).map(({ table }) => table),
  };
}

/** A relation with its columns. */
export interface Described {
  readonly relation: Relation;
  /** As it has them. */
  readonly columns: readonly string[];
  /** Those that can be requested. */
  readonly usable: readonly string[];
  /** By name in small letters: why another one cannot be. */
  readonly unusable: ReadonlyMap<string, string>;
}

/** @throws ExportError SOURCE_MALFORMED */
export async function describe(
  session: Session,
  relation: Relation,
  required: readonly string[],
): Promise<Described> {
  const columns = await session.columnsOf(relation);
  const { usable, unusable } = nameColumns(relation.what, columns);
  const missing = required.find((name) => !usable.has(name));
  if (missing === undefined) return { relation, columns, usable: [...usable.keys()], unusable };
  throw new ExportError('SOURCE_MALFORMED', `${relation.what}: ${problemOf(missing, usable, unusable)}`, {
    details: { column: missing },
  });
}

function problemOf(
  name: string,
  usable: ReadonlyMap<string, string>,
  unusable: ReadonlyMap<string, string>,
): string {
  const why = unusable.get(name.toLowerCase());
  return why === undefined
    ? `there is no column "${name}". ${suggest(name, [...usable.keys()])} Correct the configuration.`
    : `${why}. Give one of them another name, in a SELECT (sql) in place of the table.`;
}

interface CopiedColumns extends Pick<CopiedRows, 'mayBeLong'> {
  readonly table: TextTable;
}

type Membership = MembershipTable<TextTable> & CopiedColumns;

interface CopyRequest {
  readonly columns: readonly string[];
  readonly file: string;
}

/** Copies columns of a relation into a file of their own. */
export async function copyColumns(
  session: Session,
  { relation, columns: all }: Described,
  { columns, file }: CopyRequest,
): Promise<CopiedColumns> {
  // By position: two columns of a join may have one name.
  const names = all.map((_, index) => `c${index}`).join(', ');
  const values = columns.map((name) => `q.c${all.indexOf(name)}::text`);
  // A row of one NULL would be an empty line.
  const query = `SELECT ${[...values, '0'].join(', ')} FROM ${relation.from} AS q(${names})`;
  await writeFile(file, '', { mode: 0o600 });
  const { rows, mayBeLong } = await session.copy(relation, query, file);
  const { size } = await stat(file);
  const table = copiedTable({ what: relation.what, file, bytes: size, rows, columns: [...columns, ''] });
  return { table, mayBeLong };
}

async function copyMembers(
  session: Session,
  scan: MembershipScan<RelationConfig>,
  file: string,
): Promise<Membership> {
  const { key, column } = scan;
  const relation = relationOf(scan.table, { at: scan.what, what: scan.what });
  const described = await describe(session, relation, scan.required);
  const columns = column === undefined || column === key ? [key] : [key, column];
  return { scan, ...(await copyColumns(session, described, { columns, file })) };
}

interface QueriesRequest {
  readonly segments: readonly string[];
  readonly folder: string;
}

/** All segments that are SQL, in one file with the place of each in the request: so that DuckDB looks at it once. */
async function copyQueries(
  session: Session,
  config: PostgresSourceConfig,
  { segments, folder }: QueriesRequest,
): Promise<readonly Membership[]> {
  const file = join(folder, 'queries.csv');
  const values: { segment: number; value: string }[] = [];
  let [rows, mayBeLong] = [0, false];
  for (const [place, id] of segments.entries()) {
    const segment = config.segments[id];
    if (!segment || !('sql' in segment)) continue;
    const relation = querySegment(id, segment.sql);
    // Also what makes it one statement: see `columnsOf`.
    await session.columnsOf(relation);
    const copied = await session.copy(
      relation,
      `SELECT q.key::text, ${place} FROM ${relation.from} AS q(key)`,
      file,
    );
    rows += copied.rows;
    mayBeLong ||= copied.mayBeLong;
    values.push({ segment: place, value: String(place) });
  }
  if (values.length === 0) return [];
  const { size } = await stat(file);
  const columns = ['key', 'segment'];
  const table = copiedTable({ what: 'segments', file, bytes: size, rows, columns });
  return [{ scan: { key: 'key', column: 'segment', isList: false, values }, table, mayBeLong }];
}
