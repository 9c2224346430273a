import type { DataverseSourceConfig } from '../../config/dataverse-config';
import { ExportError } from '../../errors';
import { type Segments, chooseSegments } from '../files/segments';
import { suggest } from '../suggest';
import { type Table, describeTable, requireColumns, rowsOf } from './table';
import type { WebApi } from './web-api';

/** A segment as the metadata lists it. */
interface ListedSegment {
  /** That memberships have. */
  readonly name: string;
  readonly displayName: string | undefined;
  /** ISO; undefined where the table has none. */
  readonly modified: string | undefined;
}

/** Where the members of each segment are: one table, so that it is read once. */
export interface MembersTable {
  readonly table: string;
}

/** The table of the metadata, with what is read of it. */
export interface Metadata {
  readonly table: Table;
  readonly name: string;
  readonly displayName: string | undefined;
}

/** @returns undefined where the configuration excludes it @throws ExportError as `describeTable` */
export async function describeMetadata(
  api: WebApi,
  { metadata }: Pick<DataverseSourceConfig, 'metadata'>,
): Promise<Metadata | undefined> {
  if (metadata === false) return undefined;
  const table = await describeTable(api, { what: 'metadata', name: metadata.table });
  const { columns } = table;
  const name = metadata.name ?? columns.find((column) => /^[a-z]+_name$/.test(column));
  if (name === undefined) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${table.what}: no column ends in _name, so it is not known which one has the names of segments. Name it as metadata.name, or set metadata: false and name the segments. ${suggest('name', columns)}`,
    );
  }
  const displayName =
    metadata.displayName ?? columns.find((column) => /^[a-z]+_(?:friendly|display)name$/.test(column));
  requireColumns(table, displayName === undefined ? [name] : [name, displayName]);
  return { table, name, displayName };
}

/** All segments of the environment, by name. */
export async function listSegments(
  api: WebApi,
  { table, name, displayName }: Metadata,
): Promise<ListedSegment[]> {
  const columns = [name, ...(displayName === undefined ? [] : [displayName])];
  const query = rowsOf(table, table.hasModified ? [...columns, 'modifiedon'] : columns, undefined);
  const found: ListedSegment[] = [];
  for await (const { rows } of api.pages(query)) {
    for (const row of rows) {
      const text = (column: string | undefined) => {
        const value = column === undefined ? undefined : row[column];
        return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
      };
      const named = text(name);
      if (named === undefined) continue;
      found.push({ name: named, displayName: text(displayName), modified: text('modifiedon') });
    }
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The segments of a source, in the form that those of all kinds have.
 *
 * @param listed undefined: the metadata is not read
 */
export function segmentsOf(
  { segments, members }: Pick<DataverseSourceConfig, 'segments' | 'members'>,
  listed: readonly ListedSegment[] | undefined,
): Segments<MembersTable> {
  const { table, key, segment, segments: list = 'msdynci_segments' } = members;
  const columns = segment === undefined ? { segments: list } : { segment };
  const displayNames = new Map(listed?.map(({ name, displayName }) => [name, displayName]));
  const all: NonNullable<DataverseSourceConfig['segments']> =
    segments ?? Object.fromEntries((listed ?? []).map(({ name }) => [name, {}]));
  return {
    segments: Object.fromEntries(
      Object.entries(all).map(([id, { name, value = id }]) => [
        id,
        { name: name ?? displayNames.get(value) ?? id, members: { table, key, ...columns, value } },
      ]),
    ),
  };
}

/**
 * Refuses a segment whose name no segment of the environment has: it would have no members, so that all who had its tag would lose it.
 *
 * @throws ExportError SEGMENT_NOT_FOUND
 */
export function requireListed(
  segments: Segments<MembersTable>,
  ids: readonly string[],
  listed: readonly ListedSegment[] | undefined,
): void {
  const chosen = chooseSegments(segments, ids);
  if (listed === undefined) return;
  for (const [place, segment] of chosen.entries()) {
    const value = 'members' in segment ? segment.members.value : undefined;
    if (value === undefined || listed.some(({ name }) => name === value.trim())) continue;
    throw new ExportError(
      'SEGMENT_NOT_FOUND',
      `Customer Insights has no segment "${value}", which the segment "${ids[place]}" of the source names. ${suggest(
        value,
        listed.map(({ name }) => name),
      )} Set its value to the name of the output table of the segment.`,
      { details: { segment: ids[place] ?? '' } },
    );
  }
}
