import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Database } from '../../duckdb/database';
import { unreadable } from './data-file';
import { findPaths } from './find-files';
import { planReading, withDatabase, type Plan, type ReadContext } from './reading';
import { canonical } from './segments';
import { withScratchFolder } from '../scratch-folder';

/**
 * A hash of what the segments are and of the files that they are in: name, number, size and times. The time of the last change is among
 * them, which no program can set: a file that was copied with its old time, to the number of a deleted one, is another file. Undefined: a
 * segment asks for the time, or for chance, so that its members change without a file.
 *
 * @throws ExportError SEGMENT_NOT_FOUND, SEGMENT_SQL_INVALID, SOURCE_UNREADABLE
 */
export function versionOf(context: ReadContext, segments: readonly string[]): Promise<string | undefined> {
  return withScratchFolder(context.options, async (folder) => {
    const plan = await planReading(context, { segments }, folder);
    if (!(await isRepeatable(context, plan, folder))) return undefined;
    const { baseFolder } = context.options;
    const hash = createHash('sha256').update(canonical(definitionOf(plan)));
    for (const { what, table } of plan.specs) {
      for (const path of await findPaths(table.path, { baseFolder, what })) {
        context.stopped.throwIfAborted();
        // Two workers may have the folder at different places.
        hash.update(`\n${relative(baseFolder, path)}\n${await stateOf(path)}`);
      }
      hash.update('\n');
    }
    return hash.digest('hex');
  });
}

function definitionOf({ specs, scans, sql }: Plan): unknown {
  return {
    tables: specs.map(({ id, table, required }) => ({ id, table, required })),
    scans: scans.map(({ key, column, values }) => ({ key, column, values })),
    sql: [...sql].map(([position, use]) => [position, use.sql]),
  };
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

/** Whether the SQL gives the same keys for the same files. */
async function isRepeatable(context: ReadContext, { sql }: Plan, folder: string): Promise<boolean> {
  const calls = [...sql.values()].flatMap((use) => [...use.calls]);
  if (calls.length === 0) return true;
  const others = await withDatabase(context, { folder, threads: 1, allow: [], files: [] }, unrepeatable);
  return !calls.some((name) => others.has(name));
}

/** What reads the clock without being a function in DuckDB's list. */
const CLOCKS = ['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'];

/** Functions whose value is not the same each time, by DuckDB's own list: of those with a definition in SQL, it knows that alone. */
async function unrepeatable(database: Database): Promise<ReadonlySet<string>> {
  const found = await database.rows<{ name: string }>(`
    SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions()
    WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
      OR regexp_matches(macro_definition, '(?i)current|local|now|random|today|transaction|uuid')`);
  return new Set([...CLOCKS, ...found.map(({ name }) => name)]);
}
