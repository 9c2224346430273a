import type { DataverseSourceConfig } from '../../config/dataverse-config';
import { threadsFor } from '../../duckdb/open';
import { ExportError } from '../../errors';
import { asReadError } from '../files/read-error';
import type { MembershipTable, Reading } from '../files/reading';
import { type Segments, chooseSegments, membershipScans } from '../files/segments';
import { PROFILES, type TextTable } from '../files/table';
import { withDatabase } from '../files/with-database';
import type { SourceOptions } from '../options';
import { withScratchFolder } from '../scratch-folder';
import { suggest } from '../suggest';
import { type Copy, tableOfCopy, withCopies } from './copies';
import { readOneState } from './one-state';
import { type RefreshState, refreshState, requireTimes } from './refresh-state';
import {
  type MembersTable,
  type Metadata,
  describeMetadata,
  listSegments,
  requireListed,
  segmentsOf,
} from './segment-names';
import { type Table, describeTable, requireColumns, rowsOf } from './table';
import { WebApi } from './web-api';

export interface DataverseContext {
  readonly config: DataverseSourceConfig;
  readonly options: SourceOptions;
  readonly stopped: AbortSignal;
}

/** What there is to read, before a row of it is read. */
export interface Environment {
  readonly api: WebApi;
  readonly profiles: Table;
  readonly members: Table;
  readonly metadata: Metadata | undefined;
}

export interface DataverseReading extends Reading<TextTable> {
  /** All that can be requested, in the order of the source. */
  readonly attributes: readonly string[];
  readonly segments: Segments<MembersTable>;
  /** Rows of profiles that the server sent. */
  readonly rows: number;
}

interface ReadRequest {
  readonly attributes: readonly string[];
  /** Undefined: all that there are. */
  readonly segments: readonly string[] | undefined;
  /** Folder for results. */
  readonly into?: string;
}

/** Signs in, and describes the tables. @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SOURCE_MALFORMED, SECRET_UNAVAILABLE */
export async function openEnvironment({ config, options, stopped }: DataverseContext): Promise<Environment> {
  const api = new WebApi(config, options.secrets, stopped);
  const profiles = await describeTable(api, {
    what: PROFILES,
    name: config.profiles.table,
    key: config.profiles.key,
  });
  requireColumns(profiles, [config.profiles.key]);
  const members = await describeTable(api, { what: 'members', name: config.members.table });
  requireColumns(members, memberColumns(config));
  return { api, profiles, members, metadata: await describeMetadata(api, config) };
}

export function memberColumns({
  members: { key, segment, segments = 'msdynci_segments' },
}: DataverseSourceConfig): string[] {
  return [key, segment ?? segments];
}

/**
 * Downloads profiles and members of one state of the source, then lends them to `body`. Where Customer Insights has written in between, all
 * of it is read again.
 *
 * @throws ExportError as `openEnvironment`, and ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, STAGING_FAILED, DISK_FULL
 */
export async function withReading<Result>(
  context: DataverseContext,
  request: ReadRequest,
  body: (reading: DataverseReading) => Promise<Result>,
): Promise<Result> {
  const environment = await openEnvironment(context);
  const { profiles, members } = environment;
  requireAttributes(profiles, request.attributes);
  const { quietMinutes } = context.config;
  requireTimes([profiles, members], quietMinutes);
  return readOneState(
    { quietMinutes, stopped: context.stopped },
    {
      look: () => look(environment, context.config),
      read: (looked, isUnchanged) => {
        const { segments, listed } = looked;
        requireListed(segments, request.segments ?? Object.keys(segments.segments), listed);
        return readOnce(context, { ...looked, environment, request, isUnchanged }, body);
      },
    },
  );
}

interface Looked {
  readonly state: RefreshState;
  readonly segments: Segments<MembersTable>;
  readonly listed: Awaited<ReturnType<typeof listSegments>> | undefined;
}

async function look(
  { api, profiles, members, metadata }: Environment,
  config: DataverseSourceConfig,
): Promise<Looked> {
  const listed = metadata && (await listSegments(api, metadata));
  const state = await refreshState(api, [profiles, members], [JSON.stringify(listed ?? [])]);
  return { state, segments: segmentsOf(config, listed), listed };
}

interface OneReading extends Looked {
  readonly environment: Environment;
  readonly request: ReadRequest;
  readonly isUnchanged: () => Promise<boolean>;
}

/** @returns undefined where the source was written to during the reading */
async function readOnce<Result>(
  context: DataverseContext,
  one: OneReading,
  body: (reading: DataverseReading) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const { config, options } = context;
  const { environment, state, isUnchanged } = one;
  const { api } = environment;
  const copies = copiesOf(environment, config, one.request.attributes);
  return withCopies(
    { api, environment: config, scratch: options.downloads ?? options.scratch, state, isUnchanged, copies },
    (copied, folder) => {
      const [profiles, members] = copied.map((copy) => tableOfCopy(copy));
      return lend(context, { ...one, folder, profiles: profiles!, members: members! }, body);
    },
  );
}

interface Downloaded extends OneReading {
  readonly folder: string;
  readonly profiles: TextTable;
  readonly members: TextTable;
}

async function lend<Result>(
  { options, stopped }: DataverseContext,
  { environment, request, segments, folder, profiles, members }: Downloaded,
  body: (reading: DataverseReading) => Promise<Result>,
): Promise<Result> {
  const rows = profiles.rows ?? 0;
  const threads = threadsFor(rows + (members.rows ?? 0));
  const memberships = membershipsOf(segments, request.segments, members);
  const [tables, sql] = [new Map<string, never>(), new Map<number, never>()];
  const { attributes } = environment.profiles;
  return withScratchFolder(options, async (scratch) => {
    const allow = [scratch, folder, ...(request.into === undefined ? [] : [request.into])];
    const sandbox = { folder: scratch, threads, allow, files: [] };
    try {
      return await withDatabase({ options, stopped }, sandbox, (database) =>
        body({ database, folder: scratch, profiles, tables, memberships, sql, attributes, segments, rows }),
      );
    } catch (error) {
      throw asReadError([...profiles.files, ...members.files], error);
    }
  });
}

/** Profiles, then members. */
function copiesOf(
  { profiles, members }: Environment,
  config: DataverseSourceConfig,
  attributes: readonly string[],
): readonly Copy[] {
  const columns = [...new Set([config.profiles.key, ...attributes])];
  const ofMembers = [...new Set(memberColumns(config))];
  return [
    { file: 'profiles', columns, query: rowsOf(profiles, columns, config.profiles.filter) },
    { file: 'members', columns: ofMembers, query: rowsOf(members, ofMembers, config.members.filter) },
  ];
}

function membershipsOf(
  segments: Segments<MembersTable>,
  ids: readonly string[] | undefined,
  table: TextTable,
): MembershipTable<TextTable>[] {
  const chosen = ids ?? Object.keys(segments.segments);
  chooseSegments(segments, chosen);
  return membershipScans(segments, chosen).map((scan) => ({ scan, table }));
}

function requireAttributes(profiles: Table, attributes: readonly string[]): void {
  const missing = attributes.find((name) => !profiles.columns.includes(name));
  if (missing === undefined) return;
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    `The source's profiles have no attribute "${missing}". ${suggest(missing, profiles.attributes)}`,
    { details: { attribute: missing } },
  );
}
