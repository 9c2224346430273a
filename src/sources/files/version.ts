import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import type { FilesSourceConfig } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { unreadable } from './data-file';
import { findPaths } from './find-files';
import { findWhatToRead, PROFILES, type ReadContext, withDatabase } from './reading';
import { checkSql, type SqlUse } from './segment-sql';
import { canonical, chooseSegments } from './segments';
import { withScratchFolder } from '../scratch-folder';

/**
 * A hash of what the segments are and of the files that they are in: name, number, size and times. The time of the last change is among
 * them, which no program can set: a file that was copied with its old time, to the number of a deleted one, is another file. Undefined: a
 * segment asks for the time, or for chance, so that its members change without a file.
 *
 * @throws ExportError SEGMENT_NOT_FOUND, SEGMENT_SQL_INVALID, SOURCE_UNREADABLE
 */
export async function versionOf(
  context: ReadContext,
  segments: readonly string[],
): Promise<string | undefined> {
  const { config, options, stopped } = context;
  const { baseFolder } = options;
  const queries = queriesOf(config, segments);
  const uses = await usesOf(context, queries);
  if (uses.some(({ isRepeatable }) => !isRepeatable)) return undefined;
  const { specs, scans } = findWhatToRead(config, { segments }, uses);
  const definition = {
    tables: specs.map(({ id, table, required }) => ({ id, table, required })),
    scans: scans.map(({ key, column, values }) => ({ key, column, values })),
    queries: queries.map(({ sql, position }) => ({ sql, position })),
  };
  const hash = createHash('sha256').update(canonical(definition));
  for (const { what, table } of specs) {
    for (const path of await findPaths(table.path, { baseFolder, what })) {
      stopped.throwIfAborted();
      // Two workers may have the folder at different places.
      hash.update(`\n${relative(baseFolder, path)}\n${await stateOf(path)}`);
    }
    hash.update('\n');
  }
  return hash.digest('hex');
}

/** In nanoseconds, since a file can be written several times in a millisecond. */
async function stateOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    throw unreadable(path, error);
  }
}

interface Query {
  readonly id: string;
  readonly position: number;
  readonly sql: string;
  /** Names of the tables that it may read. */
  readonly tables: readonly string[];
}

/** The segments that are SQL. */
function queriesOf(config: FilesSourceConfig, ids: readonly string[]): Query[] {
  const tables = [PROFILES, ...Object.keys(config.tables)];
  return chooseSegments(config, ids).flatMap((segment, position) =>
    'sql' in segment ? [{ id: ids[position] ?? '', position, sql: segment.sql, tables }] : [],
  );
}

interface KnownUse extends Pick<SqlUse, 'tables'> {
  /** Whether it gives the same keys for the same files. */
  readonly isRepeatable: boolean;
}

/** What each SQL reads. To open a database takes longer than all else here, and the SQL of a worker stays the same. */
const known = new Map<string, KnownUse>();
const MOST_KNOWN = 10_000;

async function usesOf(context: ReadContext, queries: readonly Query[]): Promise<readonly KnownUse[]> {
  const nameOf = ({ sql, tables }: Query) => JSON.stringify([sql, tables]);
  const missing = queries.filter((query) => !known.has(nameOf(query)));
  const found = new Map<string, KnownUse>();
  if (missing.length > 0) {
    await withScratchFolder(context.options, (folder) =>
      withDatabase(context, { folder, threads: 1, allow: [], files: [] }, async (database) => {
        const others = await unrepeatable(database);
        for (const query of missing) {
          const { id, sql, tables } = query;
          const use = await checkSql(database, { segment: id, sql }, tables);
          const isRepeatable = ![...use.calls].some((name) => others.has(name));
          found.set(nameOf(query), { tables: use.tables, isRepeatable });
        }
      }),
    );
  }
  const uses = queries.map((query) => known.get(nameOf(query)) ?? found.get(nameOf(query)));
  if (known.size + found.size > MOST_KNOWN) known.clear();
  for (const [name, use] of found) known.set(name, use);
  return uses.filter((use) => use !== undefined);
}

/** What reads the clock without being a function in DuckDB's list. */
const CLOCKS = [
  'current_date',
  'current_localtime',
  'current_localtimestamp',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
];

/** Functions whose value is not the same each time, by DuckDB's own list: of those with a definition in SQL, it knows that alone. */
async function unrepeatable(database: Database): Promise<ReadonlySet<string>> {
  const found = await database.rows<{ name: string }>(`
    SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions()
    WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
      OR regexp_matches(macro_definition, '(?i)current|local|now|random|today|transaction|uuid')`);
  return new Set([...CLOCKS, ...found.map(({ name }) => name)]);
}
