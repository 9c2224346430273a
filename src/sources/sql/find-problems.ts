import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableConfig } from '../../config/sql-config';
import type { Database } from '../../duckdb/database';
import { ExportError } from '../../errors';
import type { SourceProblem } from '../../ports/source';
import { FoundProblems } from '../found-problems';
import { bindSegment, makeViews } from '../files/find-problems';
import { checkSql } from '../files/segment-sql';
import { membershipScans } from '../files/segments';
import { PROFILES } from '../files/table';
import { withDatabase } from '../files/with-database';
import { withScratchFolder } from '../scratch-folder';
import { computeProfiles } from './computed-profiles';
import type { SqlContext } from './reading';
import type { MemberRows, ResolvedSource } from './resolve';
import { tableKindOf } from './table-kinds';
import type { OpenedTables, WantedTable } from './table-kind';

interface Part extends WantedTable<TableConfig> {
  /** As the configuration names it. */
  readonly at: string;
  /** The name that SQL knows it by; undefined: only we read it. */
  readonly name?: string;
}

/** Looks at the columns of all tables, and binds all SQL to them. Goes on after each problem. */
export async function findProblems(context: SqlContext): Promise<readonly SourceProblem[]> {
  const problems = new FoundProblems();
  const { options, signal: stopped } = context;
  await withScratchFolder(options, async (folder) => {
    const opened = await openParts(context, folder, problems);
    const files = [...opened.values()].flatMap((tables) => tables.files.map(({ readable }) => readable));
    const sandbox = { folder, threads: 1, allow: [folder], files };
    await withDatabase({ options, stopped }, sandbox, async (database) => {
      const columns = new Map<string, readonly string[]>();
      for (const [{ at, name }, tables] of opened) {
        const [table] = (await problems.attempt(at, () => tables.read(database))) ?? [];
        if (table && name !== undefined) columns.set(name, table.columns);
      }
      await bindAll(database, { source: context.source, columns, problems });
    });
  });
  return problems.all;
}

/** Each for itself, so that a problem is one of its own. But a server that does not answer is asked once. */
async function openParts(
  { source, options, signal }: SqlContext,
  folder: string,
  problems: FoundProblems,
): Promise<ReadonlyMap<Part, OpenedTables>> {
  const found = new Map<Part, OpenedTables>();
  const away = new Set<string>();
  for (const [number, part] of partsOf(source).entries()) {
    const kind = tableKindOf(part.config);
    const place = `${part.config.kind} ${kind.placeOf(part.config)}`;
    if (away.has(place)) continue;
    const own = join(folder, `part-${number}`);
    await mkdir(own, { mode: 0o700 });
    const tables = await problems.attempt(part.at, () =>
      kind.open([part], { options, signal, folder: own, columnsOnly: true }).catch((error: unknown) => {
        if (error instanceof ExportError && error.code === 'SOURCE_UNAVAILABLE') away.add(place);
        throw error;
      }),
    );
    if (!tables) continue;
    found.set(part, tables);
    // A version that cannot be had would only mean that no export is ever left out.
    if (part.name !== undefined)
      await problems.attempt(part.at, () => kind.version([part], { options, signal }));
  }
  return found;
}

const wants = () => false;

function partsOf(source: ResolvedSource): Part[] {
  const { profiles, tables, segments } = source;
  const ids = Object.keys(segments);
  return [
    ...Object.entries(tables).map(([name, table]) => ({
      at: `tables.${name}`,
      what: `table ${name}`,
      name,
      config: table,
      required: [],
      wants,
    })),
    ...(profiles.table === undefined
      ? []
      : [
          {
            at: PROFILES,
            what: PROFILES,
            name: PROFILES,
            config: profiles.table,
            required: [profiles.key],
            wants,
          },
        ]),
    ...membershipScans<MemberRows>(source, ids).map(({ what, table, required, values }) => ({
      at: `segments.${ids[values[0]?.segment ?? 0]}`,
      what,
      config: table.table,
      required,
      wants,
    })),
  ];
}

interface Binding {
  readonly source: ResolvedSource;
  readonly columns: Map<string, readonly string[]>;
  readonly problems: FoundProblems;
}

async function bindAll(database: Database, { source, columns, problems }: Binding): Promise<void> {
  const names = Object.keys(source.tables);
  await makeViews(database, columns);
  const { sql, key } = source.profiles;
  if (sql !== undefined) {
    const computed = await problems.attempt(PROFILES, async () => {
      const use = await checkSql(database, { segment: undefined, sql }, names);
      // Only with all of its tables: that one of them cannot be opened is a problem of its own.
      if ([...use.tables].some((name) => (columns.get(name) ?? []).length === 0)) return undefined;
      return computeProfiles(database, { sql, key, size: 0 });
    });
    if (computed) {
      columns.set(PROFILES, computed.columns);
      await makeViews(database, new Map([[PROFILES, computed.columns]]));
    }
  }
  for (const [id, segment] of Object.entries(source.segments)) {
    if (!('sql' in segment)) continue;
    const bound = { id, sql: segment.sql, tables: [PROFILES, ...names], columns };
    await problems.attempt(`segments.${id}`, () => bindSegment(database, bound));
  }
}
