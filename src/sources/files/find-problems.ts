import type { SourceProblem } from '../../ports/source';
import type { Database } from '../../duckdb/database';
import { quoteName } from '../../duckdb/quote';
import { FoundProblems } from '../found-problems';
import { type FoundTable, type TableSpec, findTables, openTable } from './open-tables';
import { sandboxOf } from './reading';
import { asSqlError, checkSql } from './segment-sql';
import { membershipScans } from './segments';
import { PROFILES, selectNothing } from './table';
import { type ReadContext, withDatabase } from './with-database';
import { withScratchFolder } from '../scratch-folder';

interface Part {
  /** As the configuration names it. */
  readonly at: string;
  readonly spec: TableSpec;
  /** The name that SQL knows it by. */
  readonly sqlName?: string;
}

/** Looks for files, reads their header lines and binds the SQL of all segments to the columns. Goes on after each problem. */
export async function findProblems(context: ReadContext): Promise<readonly SourceProblem[]> {
  const problems = new FoundProblems();
  await withScratchFolder(context.options, async (folder) => {
    const { access, stopped } = context;
    const root = await context.roots.open(stopped);
    const opening = { root, folder, columnsOnly: true, signal: stopped, access };
    const found = new Map<Part, FoundTable>();
    for (const part of partsOf(context)) {
      const [table] = (await problems.attempt(part.at, () => findTables([part.spec], opening))) ?? [];
      if (table) found.set(part, table);
    }
    await withDatabase(context, sandboxOf(folder, [...found.values()]), async (database) => {
      const columns = new Map<string, readonly string[]>();
      for (const [{ at, sqlName }, table] of found) {
        const opened = await problems.attempt(at, () => openTable(database, table, opening));
        if (opened && sqlName !== undefined) columns.set(sqlName, opened.columns);
      }
      await makeViews(database, columns);
      const tables = [PROFILES, ...Object.keys(context.config.tables)];
      for (const [id, segment] of Object.entries(context.config.segments)) {
        if ('sql' in segment)
          await problems.attempt(`segments.${id}`, () =>
            bindSegment(database, { id, sql: segment.sql, tables, columns }),
          );
      }
    });
  });
  return problems.all;
}

function partsOf({ config, access }: ReadContext): Part[] {
  const { profiles, tables } = config;
  const sql = Object.values(config.segments).flatMap((segment) =>
    'sql' in segment ? segment.sql.toLowerCase() : [],
  );
  // Of another kind of source, only the tables that SQL may mean: it may have others, for which no segment asks.
  const wanted = Object.entries(tables).filter(
    ([name]) => !access || sql.some((text) => text.includes(name)),
  );
  const ids = Object.keys(config.segments);
  return [
    {
      at: PROFILES,
      spec: { id: PROFILES, what: PROFILES, table: profiles, required: [profiles.key] },
      sqlName: PROFILES,
    },
    ...wanted.map(([name, table]) => ({
      at: `tables.${name}`,
      spec: { id: name, what: `table ${name}`, table, required: [] },
      sqlName: name,
    })),
    ...membershipScans(config, ids).map((scan) => ({
      at: `segments.${ids[scan.values[0]?.segment ?? 0]}`,
      spec: { ...scan, id: scan.what },
    })),
  ];
}

/** Views without rows, to bind SQL to. */
export async function makeViews(
  database: Database,
  tables: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  for (const [name, columns] of tables) {
    if (columns.length > 0)
      await database.run(`CREATE VIEW ${quoteName(name)} AS ${selectNothing(columns, {})}`);
  }
}

interface SqlSegment {
  readonly id: string;
  readonly sql: string;
  /** Names of those that it may read. */
  readonly tables: readonly string[];
  /** Of the tables that could be opened, by name. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** @throws ExportError SEGMENT_SQL_INVALID */
export async function bindSegment(
  database: Database,
  { id, sql, tables, columns }: SqlSegment,
): Promise<void> {
  const use = await checkSql(database, { segment: id, sql }, tables);
  // Only with all of its tables: that one of them cannot be opened is a problem of its own.
  if ([...use.tables].some((name) => (columns.get(name) ?? []).length === 0)) return;
  try {
    await database.run(`CREATE OR REPLACE VIEW "#members" AS ${use.sql}`);
    await database.rows('EXPLAIN SELECT #1::VARCHAR AS key FROM "#members"');
  } catch (error) {
    throw asSqlError(id, error);
  }
}
