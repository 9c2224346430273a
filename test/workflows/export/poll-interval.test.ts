import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { BatchState } from '../../../src/ports/mailchimp';
import { pollInterval } from '../../../src/workflows/export/poll-interval';

const MINUTE_MS = 60_000;

function batch(total: number, finished: number): BatchState {
  return { batchId: 'b', status: 'started', total, finished, errored: 0 };
}

const LOOKING = fc.record({
  batches: fc.array(
    fc
      .tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 }))
      .map(([one, other]) => batch(Math.max(one, other), Math.min(one, other))),
    { maxLength: 4 },
  ),
  answered: fc.nat({ max: 2_000 }),
  sinceMs: fc.nat({ max: 24 * 60 * MINUTE_MS }),
  looks: fc.nat({ max: 5_000 }),
});

describe('the wait before the next look at the batches', () => {
  test('grows from two seconds to two minutes as long as nothing is known', () => {
    const waits = Array.from({ length: 20 }, (_, looks) =>
      pollInterval({ batches: [batch(50, 0)], answered: 0, sinceMs: MINUTE_MS, looks }),
    );
    expect(waits[0]).toBe(2_000);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBe(2 * MINUTE_MS);
  });

  test('is half the time to the next finish at the rate so far', () => {
    const looking = { batches: [batch(50, 10), batch(50, 30)], answered: 0, sinceMs: 40_000, looks: 9 };
    expect(pollInterval(looking)).toBe(10_000);
  });

  test('knows the rate from batches that have finished, also when the present one has just begun', () => {
    const looking = { batches: [batch(50, 0)], answered: 450, sinceMs: 15 * MINUTE_MS, looks: 0 };
    expect(pollInterval(looking)).toBe(50_000);
    expect(pollInterval({ ...looking, batches: [batch(50, 48)] })).toBe(2_000);
  });

  test('is never longer than two minutes', () => {
    expect(pollInterval({ batches: [batch(50, 1)], answered: 0, sinceMs: 60 * MINUTE_MS, looks: 0 })).toBe(
      2 * MINUTE_MS,
    );
  });

  test('is between two seconds and two minutes whatever is told', () => {
    fc.assert(
      fc.property(LOOKING, (looking) => {
        expect(pollInterval(looking)).toBeGreaterThanOrEqual(2_000);
        expect(pollInterval(looking)).toBeLessThanOrEqual(2 * MINUTE_MS);
      }),
    );
  });

  test('is half the expected time wherever a rate is known and something is left', () => {
    fc.assert(
      fc.property(LOOKING, (looking) => {
        const { batches, answered, sinceMs } = looking;
        const finished = batches.reduce((sum, { finished }) => sum + finished, answered);
        const left = batches.map(({ total, finished }) => total - finished).filter((count) => count > 0);
        fc.pre(finished > 0 && left.length > 0);
        const half = (Math.min(...left) * sinceMs) / finished / 2;
        const expected = Math.max(2_000, Math.min(2 * MINUTE_MS, half));
        expect(Math.abs(pollInterval(looking) - expected)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
