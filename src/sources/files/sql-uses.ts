import { unrepeatable } from '../../duckdb/unrepeatable';
import { withScratchFolder } from '../scratch-folder';
import { checkSql, type SqlUse } from './segment-sql';
import { type Segments, chooseSegments } from './segments';
import { PROFILES } from './table';
import { type ReadContext, withDatabase } from './with-database';

export interface SqlQuery {
  /** The segment whose SQL it is; undefined: that of the profiles. */
  readonly id: string | undefined;
  readonly sql: string;
  /** Names of the tables that it may read. */
  readonly tables: readonly string[];
}

/** A segment that is SQL. */
export interface SegmentQuery extends SqlQuery {
  /** Among the segments that were chosen. */
  readonly position: number;
}

export interface KnownUse extends SqlUse {
  /** Whether it gives the same keys for the same files. */
  readonly isRepeatable: boolean;
}

interface SegmentsOverTables extends Segments<object> {
  readonly tables: Readonly<Record<string, object>>;
}

export function queriesOf(config: SegmentsOverTables, ids: readonly string[]): SegmentQuery[] {
  const tables = [PROFILES, ...Object.keys(config.tables)];
  return chooseSegments(config, ids).flatMap((segment, position) =>
    'sql' in segment ? [{ id: ids[position] ?? '', position, sql: segment.sql, tables }] : [],
  );
}

type Known = Omit<KnownUse, 'segment'>;
type SqlContext = Pick<ReadContext, 'options' | 'stopped'>;

/** To open a database and to ask it takes longer than all else here, and the SQL of a worker stays the same. */
const known = new Map<string, Known>();
const MOST_KNOWN = 10_000;

/**
 * What each SQL reads, in their order.
 * @throws ExportError as `checkSql`
 */
export async function sqlUses(context: SqlContext, queries: readonly SqlQuery[]): Promise<KnownUse[]> {
  const missing = queries.filter((query) => !known.has(nameOf(query)));
  const found = missing.length === 0 ? new Map<string, Known>() : await findUses(context, missing);
  // Before the map may be cleared.
  const uses = queries.flatMap((query) => {
    const use = known.get(nameOf(query)) ?? found.get(nameOf(query));
    return use ? [{ ...use, segment: query.id }] : [];
  });
  if (known.size + found.size > MOST_KNOWN) known.clear();
  for (const [name, use] of found) known.set(name, use);
  return uses;
}

const nameOf = ({ sql, tables }: SqlQuery): string => JSON.stringify([sql, tables]);

async function findUses(
  context: SqlContext,
  queries: readonly SqlQuery[],
): Promise<ReadonlyMap<string, Known>> {
  return withScratchFolder(context.options, (folder) =>
    withDatabase(context, { folder, threads: 1, allow: [], files: [] }, async (database) => {
      const others = await unrepeatable(database);
      const found = new Map<string, Known>();
      for (const query of queries) {
        const use = await checkSql(database, { segment: query.id, sql: query.sql }, query.tables);
        found.set(nameOf(query), {
          ...use,
          isRepeatable: ![...use.calls].some((name) => others.has(name)),
        });
      }
      return found;
    }),
  );
}
