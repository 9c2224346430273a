import type { ComputedFilesConfig } from '../../config/source-config';
import type { SqlSourceConfig, TableConfig } from '../../config/sql-config';
import { type Segments, segmentInfos } from '../files/segments';
import { requireNoProfiles } from '../files/table';
import type { SegmentInfo } from '../../ports/source';

/** Where the rows of members are. */
export interface MemberRows {
  readonly table: TableConfig;
}

/** A source of SQL with its tables in the place of their names. */
export interface ResolvedSource extends Segments<MemberRows> {
  /** By the name that SQL knows them by. */
  readonly tables: Readonly<Record<string, TableConfig>>;
  /** One of `table` and `sql` is set. */
  readonly profiles: {
    readonly table?: TableConfig;
    readonly sql?: string;
    readonly key: string;
  };
  readonly infos: readonly SegmentInfo[];
}

/** Names of tables were checked by the schema. */
export function resolveSql(config: SqlSourceConfig): ResolvedSource {
  const { tables, profiles, segments } = config;
  const { table, sql, key } = profiles;
  return {
    tables,
    profiles: {
      key,
      ...(table !== undefined && { table: tables[table]! }),
      ...(sql !== undefined && { sql }),
    },
    segments: Object.fromEntries(
      Object.entries(segments).map(([id, segment]) => {
        if ('sql' in segment) return [id, segment];
        const { table: name, ...columns } = segment.members;
        return [id, { ...segment, members: { ...columns, table: tables[name]! } }];
      }),
    ),
    infos: segmentInfos<{ readonly table: string }>(config),
  };
}

/** A source of files whose profiles are SQL. @throws ExportError CONFIG_INVALID */
export function resolveFiles(config: ComputedFilesConfig): ResolvedSource {
  const { tables, profiles, segments, root, storage } = config;
  requireNoProfiles(tables);
  const rooted = {
    kind: 'files',
    ...(root !== undefined && { root }),
    ...(storage && { storage }),
  } as const;
  return {
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, table]) => [name, { ...rooted, ...table }]),
    ),
    profiles: { sql: profiles.sql, key: profiles.key },
    segments: Object.fromEntries(
      Object.entries(segments).map(([id, one]) => {
        if ('sql' in one) return [id, one];
        const { key, segment, segments: list, value, ...table } = one.members;
        const columns = { key, segment, segments: list, value };
        return [id, { name: one.name, members: { ...columns, table: { ...rooted, ...table } } }];
      }),
    ),
    infos: segmentInfos(config),
  };
}
