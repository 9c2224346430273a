import type { UnmatchedRows } from '../contract/plan';
import { count, countOf } from './format';

interface SegmentRows {
  readonly segment: string;
  readonly unmatched?: UnmatchedRows;
}

/** Membership rows that select no profile, by segment. Empty when all do. */
export function describeUnmatched(segments: readonly SegmentRows[]): string {
  const keys = inSegments(segments, ({ keys }) => keys);
  const values = inSegments(segments, ({ values }) => values);
  return [
    ...(keys === '' ? [] : [`Membership rows with a key that no profile has, which are skipped: ${keys}.`]),
    ...(values === ''
      ? []
      : [`Rows with a value that no segment asks for, in the list of each segment: ${values}.`]),
  ].join(' ');
}

const SEGMENTS_NAMED = 5;

/** "2 in vip, 1 in north" */
function inSegments(segments: readonly SegmentRows[], numberOf: (rows: UnmatchedRows) => number): string {
  const found = segments.flatMap(({ segment, unmatched }) => {
    const rows = unmatched ? numberOf(unmatched) : 0;
    return rows > 0 ? [`${count(rows)} in ${segment}`] : [];
  });
  const more = found.length - SEGMENTS_NAMED;
  return (
    found.slice(0, SEGMENTS_NAMED).join(', ') + (more > 0 ? `, and more in ${countOf(more, 'segment')}` : '')
  );
}
