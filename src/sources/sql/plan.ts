import type { TableConfig } from '../../config/sql-config';
import { membershipScans, type MembershipScan } from '../files/segments';
import { type KnownUse, type SegmentQuery, queriesOf, sqlUses } from '../files/sql-uses';
import { PROFILES } from '../files/table';
import type { MemberRows, ResolvedSource } from './resolve';
import { tableKindOf } from './table-kinds';
import type { VersionPlace, WantedTable } from './table-kind';

export interface ReadRequest {
  readonly segments: readonly string[];
  /** Attributes that are wanted. Undefined: all that there are. */
  readonly attributes: readonly string[] | undefined;
  /** Read all tables, also those that no SQL reads. @default false */
  readonly allTables?: boolean;
  /** Only the columns of the profiles are wanted. @default false */
  readonly columnsOnly?: boolean;
}

/** A table that a reading needs, with the name that SQL knows it by; undefined: only we read it. */
export interface PlannedTable extends WantedTable<TableConfig> {
  readonly name: string | undefined;
}

/** What a request needs. */
export interface Plan {
  /** By place. */
  readonly places: readonly (readonly PlannedTable[])[];
  readonly scans: readonly MembershipScan<MemberRows>[];
  readonly queries: readonly SegmentQuery[];
  /** What each of `queries` reads. */
  readonly uses: readonly KnownUse[];
  /** What the profiles read, where they are SQL. */
  readonly profilesSql: KnownUse | undefined;
}

/** Before any table is opened: only the SQL shows what is needed. @throws ExportError SEGMENT_NOT_FOUND, and as `checkSql` */
export async function planReading(
  config: ResolvedSource,
  request: ReadRequest,
  { options, signal: stopped }: VersionPlace,
): Promise<Plan> {
  const { sql } = config.profiles;
  const names = Object.keys(config.tables);
  const queries = queriesOf(config, request.segments);
  const all = [...(sql === undefined ? [] : [{ id: undefined, sql, tables: names }]), ...queries];
  const found = await sqlUses({ options, stopped }, all);
  const [profilesSql, uses] = sql === undefined ? [undefined, found] : [found[0], found.slice(1)];
  const scans = request.columnsOnly === true ? [] : membershipScans<MemberRows>(config, request.segments);
  const tables = [
    ...profilesTable(config, request, uses),
    ...sqlTables(config, request, { uses, profilesSql }),
    ...scans.map(({ what, table, required }) => ({
      what,
      name: undefined,
      config: table.table,
      required,
      wants: () => false,
    })),
  ];
  return { places: byPlace(tables), scans, queries, uses, profilesSql };
}

function profilesTable(
  { profiles }: ResolvedSource,
  { attributes }: ReadRequest,
  uses: readonly KnownUse[],
): PlannedTable[] {
  if (profiles.table === undefined) return [];
  const readers = uses.filter((use) => use.tables.has(PROFILES));
  const wants = (column: string) =>
    attributes === undefined || attributes.includes(column) || readers.some((use) => use.usesColumn(column));
  const required = [profiles.key];
  return [{ what: PROFILES, name: PROFILES, config: profiles.table, required, wants }];
}

function sqlTables(
  { tables }: ResolvedSource,
  { allTables = false, columnsOnly = false }: ReadRequest,
  { uses, profilesSql }: Pick<Plan, 'uses' | 'profilesSql'>,
): PlannedTable[] {
  const readers = [...(columnsOnly ? [] : uses), ...(profilesSql ? [profilesSql] : [])];
  return Object.entries(tables).flatMap(([name, config]) => {
    const ofTable = readers.filter((use) => use.tables.has(name));
    if (ofTable.length === 0 && !allTables) return [];
    const wants = (column: string) => ofTable.some((use) => use.usesColumn(column));
    return [{ what: `table ${name}`, name, config, required: [], wants }];
  });
}

function byPlace(tables: readonly PlannedTable[]): PlannedTable[][] {
  const places = new Map<string, PlannedTable[]>();
  for (const table of tables) {
    const place = `${table.config.kind} ${tableKindOf(table.config).placeOf(table.config)}`;
    places.set(place, [...(places.get(place) ?? []), table]);
  }
  return [...places.values()];
}
