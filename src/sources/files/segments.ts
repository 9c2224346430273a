import { createHash } from 'node:crypto';
import type { FilesSourceConfig, SegmentConfig, Table } from '../../config/source-config';
import type { SegmentInfo } from '../../ports/source';
import { ExportError } from '../../errors';
import { suggest } from '../suggest';

/** Segments that one scan of a membership table serves. */
export interface MembershipScan {
  /** For messages: `members of vip`. */
  readonly what: string;
  readonly table: Table;
  readonly required: readonly string[];
  readonly key: string;
  /** Column that names the segment of a row; undefined: all rows belong to all of `values`. */
  readonly column: string | undefined;
  /** Position of a segment in the request, or -1 for one that was not requested, and its value in `column`. */
  readonly values: readonly { readonly segment: number; readonly value: string }[];
}

export function segmentInfos(config: FilesSourceConfig): SegmentInfo[] {
  return Object.entries(config.segments).map(([id, segment]) => ({
    id,
    name: segment.name ?? id,
    digest: digestOf(id, segment),
  }));
}

/** Changes with what the segment means, not with its display name. */
function digestOf(id: string, segment: SegmentConfig): string {
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
export function chooseSegments(config: FilesSourceConfig, ids: readonly string[]): SegmentConfig[] {
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
export function membershipScans(config: FilesSourceConfig, ids: readonly string[]): MembershipScan[] {
  const scans = new Map<string, MembershipScan & { values: { segment: number; value: string }[] }>();
  const others = Object.keys(config.segments).filter((id) => !ids.includes(id));
  for (const id of [...ids, ...others]) {
    const segment = config.segments[id];
    if (!segment || 'sql' in segment) continue;
    const { key, segment: column, value, ...table } = segment.members;
    const where = canonical({ table, key, column });
    const isRequested = ids.includes(id);
    const scan =
      scans.get(where) ??
      (isRequested && {
        what: `members of ${id}`,
        table,
        required: column === undefined ? [key] : [key, column],
        key,
        column,
        values: [],
      });
    if (!scan) continue;
    scan.values.push({ segment: ids.indexOf(id), value: value ?? id });
    scans.set(where, scan);
  }
  return [...scans.values()];
}
