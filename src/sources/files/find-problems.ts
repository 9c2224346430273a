import type { SourceProblem } from '../../ports/source';
import type { Database } from '../../duckdb/database';
import { quoteName } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { type FoundTable, type TableSpec, findTables, openTable } from './open-tables';
import { PROFILES, type ReadContext, sandboxOf, withDatabase } from './reading';
import { asSqlError, checkSql } from './segment-sql';
import { membershipScans } from './segments';
import { selectNothing } from './table';
import { withScratchFolder } from '../scratch-folder';

interface Part {
  /** As the configuration names it. */
  readonly at: string;
  readonly spec: TableSpec;
  /** The name that SQL knows it by. */
  readonly sqlName?: string;
}

/** Looks for files, reads their header lines and binds the SQL of all segments to the columns. Goes on after each problem. */
export async function findProblems(context: ReadContext): Promise<SourceProblem[]> {
  const problems: SourceProblem[] = [];
  /** Undefined after a problem. */
  const attempt = async <Result>(at: string, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      problems.push({ at, error });
      return undefined;
    }
  };
  await withScratchFolder(context.options, async (folder) => {
    const { baseFolder } = context.options;
    const opening = { baseFolder, folder, columnsOnly: true, signal: context.stopped };
    const found = new Map<Part, FoundTable>();
    for (const part of partsOf(context)) {
      const [table] = (await attempt(part.at, () => findTables([part.spec], opening))) ?? [];
      if (table) found.set(part, table);
    }
    await withDatabase(context, sandboxOf(folder, [...found.values()]), async (database) => {
      const columns = new Map<string, readonly string[]>();
      for (const [{ at, sqlName }, table] of found) {
        const opened = await attempt(at, () => openTable(database, table, opening));
        if (opened && sqlName !== undefined) columns.set(sqlName, opened.columns);
      }
      await makeViews(database, columns);
      for (const [id, segment] of Object.entries(context.config.segments)) {
        if ('sql' in segment)
          await attempt(`segments.${id}`, () => bind(database, { id, sql: segment.sql, context, columns }));
      }
    });
  });
  return problems;
}

function partsOf({ config }: ReadContext): Part[] {
  const { profiles, tables } = config;
  const ids = Object.keys(config.segments);
  return [
    {
      at: PROFILES,
      spec: { id: PROFILES, what: PROFILES, table: profiles, required: [profiles.key] },
      sqlName: PROFILES,
    },
    ...Object.entries(tables).map(([name, table]) => ({
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

async function makeViews(database: Database, tables: ReadonlyMap<string, readonly string[]>): Promise<void> {
  for (const [name, columns] of tables) {
    if (columns.length > 0)
      await database.run(`CREATE VIEW ${quoteName(name)} AS ${selectNothing(columns, {})}`);
  }
}

interface SqlSegment {
  readonly id: string;
  readonly sql: string;
  readonly context: ReadContext;
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** @throws ExportError SEGMENT_SQL_INVALID */
async function bind(database: Database, { id, sql, context, columns }: SqlSegment): Promise<void> {
  const tables = [PROFILES, ...Object.keys(context.config.tables)];
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
