import { expect, test } from '@jest/globals';
import {
  closedTimeline,
  NEW_TIMELINE,
  TIMELINE_STATES,
  withSeen,
  type OpenTimeline,
  type TimelineState,
} from '../../src/contract/timeline';

const PROVIDER = TIMELINE_STATES.indexOf('provider');

function seen(...moments: readonly (readonly [ms: number, changes: number, state: TimelineState])[]) {
  return moments.reduce<OpenTimeline>(
    (timeline, [ms, changes, state]) => withSeen(timeline, { ms, changes, state }),
    NEW_TIMELINE,
  );
}

test('a timeline has a point where the state or the number of changes differs, and the time in each state', () => {
  const timeline = seen(
    [500, 0, 'preparing'],
    [1_000, 0, 'sending'],
    [2_000, 50, 'provider'],
    [3_000, 50, 'provider'],
    [9_000, 900, 'settling'],
  );
  expect(closedTimeline(timeline, 9_500)).toEqual({
    took: { preparing: 1_000, sending: 1_000, provider: 7_000, settling: 500 },
    points: [
      [0, 0, 0],
      [1_000, 0, 1],
      [2_000, 50, PROVIDER],
      [9_000, 900, 7],
      [9_500, 900, 7],
    ],
  });
});

test('changes within one moment are one point, and a clock that goes back adds no time', () => {
  const timeline = seen([100, 0, 'sending'], [100, 5, 'settling'], [50, 6, 'settling']);
  expect(timeline).toMatchObject({
    took: { preparing: 100 },
    points: [
      [0, 0, 0],
      [100, 6, 7],
    ],
  });
  expect(closedTimeline(timeline, 100)).toEqual({ took: timeline.took, points: timeline.points });
});

test('a timeline of any length has at most 200 points in their order, both ends, and the exact times', () => {
  const moments = Array.from({ length: 5_000 }, (_, index) => {
    const state = index % 3 === 0 ? 'provider' : 'sending';
    return [(index + 1) * 1_000 + (index % 7), index, state] as const;
  });
  const { points, took } = closedTimeline(seen(...moments), 6_000_000);
  expect(points).toHaveLength(200);
  expect(points[0]).toEqual([0, 0, 0]);
  expect(points.at(-1)).toEqual([6_000_000, 4_999, 1]);
  expect(points.map(([ms]) => ms)).toEqual(points.map(([ms]) => ms).toSorted((one, other) => one - other));
  expect(Object.values(took).reduce((sum, ms) => sum + ms, 0)).toBe(6_000_000);
  // Points are left out everywhere alike: no gap is much longer than the mean.
  const gaps = points.slice(1, -1).map(([ms], index) => ms - points[index]![0]);
  expect(Math.max(...gaps)).toBeLessThan(4 * (5_000_000 / 200));
  expect(JSON.stringify(points).length).toBeLessThan(5_000);
});
