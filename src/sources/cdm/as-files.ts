import type { CdmSourceConfig, FilesSourceConfig, SegmentConfig } from '../../config/source-config';
import type { Table } from '../../config/table-config';
import { PROFILES } from '../files/table';
import { encodingOf } from './encoding';
import type { CdmModel, CdmTable } from './model';

type CdmSegment = NonNullable<CdmSourceConfig['segments']>[string];

/**
 * What a source of files needs to read these tables, whose paths are their names in the model. What the model lacks, a table says when it is
 * opened: a mistake in one segment does not stop an export of others.
 */
export function asFiles(config: CdmSourceConfig, model: CdmModel): FilesSourceConfig {
  const { profiles, columnHeaders } = config;
  // Of tables of the same name, the first. SQL compares names without case.
  const tables = model.tables.toReversed();
  const byName = new Map(tables.map((table) => [table.name, table]));
  const tableOf = (name: string) => readableTable(name, byName.get(name), columnHeaders);
  const named = new Map(tables.map(({ name }) => [name.toLowerCase(), name]));
  named.delete(PROFILES);
  const segments = config.segments ?? outputTables(config, model);
  return {
    kind: 'files',
    profiles: { ...tableOf(profiles.table), key: profiles.key },
    tables: Object.fromEntries([...named].map(([folded, name]) => [folded, tableOf(name)])),
    segments: Object.fromEntries(
      Object.entries(segments).map(([id, segment]) => [
        id,
        segmentOf(id, segment, { key: profiles.key, tableOf, byName }),
      ]),
    ),
  };
}

/** How the partitions of a table of the model are read, by a source of files. */
export function readableTable(
  name: string,
  table: CdmTable | undefined,
  columnHeaders: boolean | undefined,
): Table {
  const csv = table?.partitions[0]?.csv;
  return {
    path: name,
    format: 'csv',
    csv: {
      delimiter: csv?.delimiter ?? ',',
      quote: '"',
      escape: '"',
      header: csv !== undefined && (columnHeaders ?? csv.header),
      encoding: encodingOf(csv?.encoding ?? 'UTF-8') ?? 'utf-8',
    },
    columns: table?.columns.map((column) => column.name) ?? [],
  };
}

/**
 * The tables with a row for each member, as Customer Insights exports a segment: with all attributes of its members. Where the model names
 * primary keys, a table of activities, which has the customer's key too, is none of them.
 */
function outputTables({ profiles }: CdmSourceConfig, { tables }: CdmModel): Record<string, CdmSegment> {
  const found = tables.filter(
    ({ name, columns, primaryKey = profiles.key }) =>
      name !== profiles.table &&
      primaryKey === profiles.key &&
      columns.some((column) => column.name === profiles.key),
  );
  return Object.fromEntries(found.map(({ name }) => [name, { table: name }]));
}

interface SegmentContext {
  readonly key: string;
  readonly tableOf: (name: string) => Table;
  readonly byName: ReadonlyMap<string, CdmTable>;
}

function segmentOf(id: string, segment: CdmSegment, { key, tableOf, byName }: SegmentContext): SegmentConfig {
  if ('sql' in segment) return segment;
  if ('members' in segment) {
    const { table, key: ownKey = key, ...columns } = segment.members;
    return { ...segment, members: { ...tableOf(table), ...columns, key: ownKey } };
  }
  const table = segment.table ?? id;
  const name = segment.name ?? byName.get(table)?.displayName;
  return { ...(name !== undefined && { name }), members: { ...tableOf(table), key } };
}
