import { describe, expect, test } from '@jest/globals';
import {
  chooseLane,
  handedOver,
  isProbing,
  openLanes,
  withBegun,
  withEnded,
  type Lanes,
} from '../../../src/workflows/export/choose-lane';

const NOTHING = { answered: 0, rows: 0 };
const see = (nowMs: number, inFlight = NOTHING) => ({ requested: 'auto', nowMs, inFlight }) as const;

/** Both lanes busy since 0; so many rows of each answered at `nowMs`. */
function measured(rows: { batch: number; direct: number }, nowMs: number): Lanes {
  let lanes = openLanes('auto', 1_000);
  for (const lane of ['batch', 'direct'] as const) {
    lanes = withBegun(lanes, lane, 0);
    lanes = withEnded(lanes, lane, { rows: rows[lane], nowMs });
  }
  return lanes;
}

describe('the lane of an export', () => {
  test('is the direct one for few changes, and begins with batches for many', () => {
    expect(openLanes('auto', 40).current).toBe('direct');
    expect(openLanes('auto', 41).current).toBe('batch');
  });

  test.each(['batch', 'direct'] as const)('is %s when that is requested, whatever the size', (requested) => {
    expect(openLanes(requested, 1).current).toBe(requested);
    expect(openLanes(requested, 10_000).current).toBe(requested);
    const slow = { ...measured({ batch: 1, direct: 1 }, 1_000), current: requested };
    const fast = { ...slow, batch: { ...slow.batch, rows: 9 }, direct: { ...slow.direct, rows: 99 } };
    expect(chooseLane(fast, { ...see(1_000), requested }).current).toBe(requested);
  });

  test('is probed directly by one part beside the first batches', () => {
    const lanes = openLanes('auto', 1_000);
    expect(isProbing(lanes, 'auto')).toBe(true);
    expect(isProbing(lanes, 'batch')).toBe(false);
    const begun = withBegun(lanes, 'direct', 0);
    expect(isProbing(begun, 'auto')).toBe(false);
    expect(isProbing(withEnded(begun, 'direct', { rows: 10, nowMs: 5 }), 'auto')).toBe(false);
  });

  test('changes when the other is more than twice as fast, and says why in numbers', () => {
    expect(chooseLane(measured({ batch: 100, direct: 200 }, 1_000), see(1_000)).current).toBe('batch');
    const changed = chooseLane(measured({ batch: 100, direct: 201 }, 1_000), see(1_000));
    expect(changed).toMatchObject({ current: 'direct', why: '201 rows a second directly, 100 in batches' });
    const back = { ...measured({ batch: 900, direct: 300 }, 1_000), current: 'direct' } as const;
    expect(chooseLane(back, see(1_000)).current).toBe('batch');
  });

  test('stays with batches that may be through in the next moment, and leaves those that show nothing for too long', () => {
    let lanes = withBegun(openLanes('auto', 1_000), 'batch', 0);
    lanes = withEnded(withBegun(lanes, 'direct', 0), 'direct', { rows: 1_000, nowMs: 1_000 });
    const inFlight = { answered: 0, rows: 100_000 };
    expect(chooseLane(lanes, see(1_000, inFlight)).current).toBe('batch');
    expect(chooseLane(lanes, see(300_000, inFlight)).current).toBe('direct');
  });

  test('counts what batches in flight have answered already', () => {
    let lanes = withBegun(openLanes('auto', 1_000), 'batch', 0);
    lanes = withEnded(withBegun(lanes, 'direct', 0), 'direct', { rows: 1_000, nowMs: 1_000 });
    const inFlight = { answered: 5_000, rows: 100_000 };
    expect(chooseLane(lanes, see(8_000, inFlight)).current).toBe('batch');
    expect(chooseLane(lanes, see(12_000, inFlight)).current).toBe('direct');
  });

  test('is not measured while it has nothing to do, nor twice for parts side by side', () => {
    let lanes = openLanes('auto', 1_000);
    lanes = withBegun(withBegun(lanes, 'direct', 0), 'direct', 500);
    lanes = withEnded(lanes, 'direct', { rows: 10, nowMs: 1_000 });
    lanes = withEnded(lanes, 'direct', { rows: 10, nowMs: 2_000 });
    expect(lanes.direct).toMatchObject({ rows: 20, busyMs: 2_000 });
    lanes = withBegun(lanes, 'direct', 9_000);
    expect(handedOver(lanes, 9_500).direct).toMatchObject({ rows: 20, busyMs: 2_500, parts: 0 });
  });
});
