import { createHash } from 'node:crypto';
import type { Table } from '../../config/table-config';
import type { SegmentInfo } from '../../ports/source';
import { ExportError } from '../../errors';
import { suggest } from '../suggest';

/** How a source names its segments; `Rows` says where the rows of members are. */
export interface Segments<Rows extends object> {
  readonly segments: Readonly<Record<string, Segment<Rows>>>;
}
type Segment<Rows extends object> = { readonly name?: string | undefined } & (
  { readonly sql: string } | { readonly members: Rows & MemberColumns }
);

interface MemberColumns {
  readonly key: string;
  readonly segment?: string | undefined;
  /** In place of `segment`: has a JSON list of segments. */
  readonly segments?: string | undefined;
  readonly value?: string | undefined;
}

/** Segments that one scan of a membership table serves. */
export interface MembershipScan<Rows extends object = Table> {
  /** For messages: `members of vip`. */
  readonly what: string;
  readonly table: Rows;
  readonly required: readonly string[];
  readonly key: string;
  /** Column that names the segment of a row; undefined: all rows belong to all of `values`. */
  readonly column: string | undefined;
  /** Whether that column has a JSON list of segments, of all that the customer of the row is in. */
  readonly isList: boolean;
  /** Position of a segment in the request, or -1 for one that was not requested, and its value in `column`. */
  readonly values: readonly { readonly segment: number; readonly value: string }[];
}

export function segmentInfos<Rows extends object>(config: Segments<Rows>): SegmentInfo[] {
  return Object.entries(config.segments).map(([id, segment]) => ({
    id,
    name: segment.name ?? id,
    digest: digestOf(id, segment),
  }));
}

/** Changes with what the segment means, not with its display name. */
function digestOf<Rows extends object>(id: string, segment: Segment<Rows>): string {
  const definition = 'sql' in segment ? { sql: segment.sql } : { members: { value: id, ...segment.members } };
  return createHash('sha256').update(canonical(definition)).digest('hex').slice(0, 16);
}

/** JSON that does not depend on the order of keys in the configuration file. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** @throws ExportError SEGMENT_NOT_FOUND */
export function chooseSegments<Rows extends object>(
  config: Segments<Rows>,
  ids: readonly string[],
): Segment<Rows>[] {
  return ids.map((id) => {
    const segment = Object.hasOwn(config.segments, id) ? config.segments[id] : undefined;
    if (segment) return segment;
    throw new ExportError(
      'SEGMENT_NOT_FOUND',
      `The source has no segment "${id}". ${suggest(id, Object.keys(config.segments))}`,
      { details: { segment: id } },
    );
  });
}

/** Puts the requested segments together that lie in the same files, so that these are read once. */
export function membershipScans<Rows extends object>(
  config: Segments<Rows>,
  ids: readonly string[],
): MembershipScan<Rows>[] {
  const scans = new Map<string, MembershipScan<Rows> & { values: { segment: number; value: string }[] }>();
  const unasked = Object.keys(config.segments).filter((id) => !ids.includes(id));
  for (const id of [...ids, ...unasked]) {
    const segment = config.segments[id];
    if (!segment || 'sql' in segment) continue;
    const { key, segment: single, segments: list, value, ...rest } = segment.members;
    // The compiler does not know that these are all of Rows.
    const table = rest as unknown as Rows;
    const column = single ?? list;
    const isList = list !== undefined;
    const where = canonical({ table, key, column, isList });
    const isRequested = ids.includes(id);
    const scan =
      scans.get(where) ??
      (isRequested && {
        what: `members of ${id}`,
        table,
        required: column === undefined ? [key] : [key, column],
        key,
        column,
        isList,
        values: [],
      });
    if (!scan) continue;
    scan.values.push({ segment: ids.indexOf(id), value: value ?? id });
    scans.set(where, scan);
  }
  return [...scans.values()];
}
