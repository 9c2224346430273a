import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { BatchState } from '../../../src/ports/mailchimp';
import { type Looking, pollInterval } from '../../../src/workflows/export/poll-interval';

const MINUTE_MS = 60_000;

function batch(total: number, finished: number): BatchState {
  return { batchId: 'b', status: 'started', total, finished };
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

function waits(count: number, looking: Omit<Looking, 'looks'>): number[] {
  return Array.from({ length: count }, (_, looks) => pollInterval({ ...looking, looks }));
}

describe('the wait before the next look at the batches', () => {
  test('grows from a quarter of a second to two minutes while nothing is known', () => {
    const found = waits(20, { batches: [batch(50, 0)], answered: 0, sinceMs: MINUTE_MS });
    expect(found[0]).toBe(250);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    expect(found.at(-1)).toBe(2 * MINUTE_MS);
  });

  test('makes at most a hundred looks at a batch that shows nothing for three hours', () => {
    const found = waits(100, { batches: [batch(50, 0)], answered: 0, sinceMs: MINUTE_MS });
    expect(found.reduce((sum, ms) => sum + ms)).toBeGreaterThan(180 * MINUTE_MS * 0.95);
  });

  test('is two seconds and more where batches wait behind those that have finished', () => {
    const found = waits(3, { batches: [batch(0, 0), batch(0, 0)], answered: 50, sinceMs: MINUTE_MS });
    expect(found).toEqual([2_000, 3_000, 4_500]);
  });

  test('is half the time to the next finish at the rate so far', () => {
    const looking = { batches: [batch(50, 10), batch(50, 30)], answered: 0, sinceMs: 40_000 };
    expect(pollInterval({ ...looking, looks: 9 })).toBe(10_000);
  });

  test('knows the rate from batches that have finished, also when the present one has just begun', () => {
    const looking = { batches: [batch(50, 0)], answered: 450, sinceMs: 15 * MINUTE_MS, looks: 0 };
    expect(pollInterval(looking)).toBe(50_000);
    expect(pollInterval({ ...looking, batches: [batch(50, 48), batch(0, 0)] })).toBe(2_000);
    expect(pollInterval({ ...looking, batches: [batch(50, 48), batch(50, 0)] })).toBe(2_000);
  });

  test('comes down to a quarter of a second where Mailchimp will soon have nothing to do', () => {
    const looking = { answered: 450, sinceMs: MINUTE_MS, looks: 0 };
    expect(pollInterval({ ...looking, batches: [batch(50, 40)] })).toBe(612);
    expect(pollInterval({ ...looking, batches: [batch(50, 49)] })).toBe(250);
    expect(pollInterval({ ...looking, batches: [batch(50, 49), batch(5, 0)] })).toBe(250);
  });

  test('is never longer than two minutes', () => {
    const looking = { batches: [batch(50, 1)], answered: 0, sinceMs: 60 * MINUTE_MS, looks: 0 };
    expect(pollInterval(looking)).toBe(2 * MINUTE_MS);
  });

  test('is between a quarter of a second and two minutes whatever the batches report', () => {
    fc.assert(
      fc.property(LOOKING, (looking) => {
        expect(pollInterval(looking)).toBeGreaterThanOrEqual(250);
        expect(pollInterval(looking)).toBeLessThanOrEqual(2 * MINUTE_MS);
      }),
    );
  });

  test('is half the expected time wherever a rate is known, something is left and it is neither short nor long', () => {
    fc.assert(
      fc.property(LOOKING, (looking) => {
        const { batches, answered, sinceMs } = looking;
        const finished = batches.reduce((sum, { finished }) => sum + finished, answered);
        const left = batches.map(({ total, finished }) => total - finished).filter((count) => count > 0);
        fc.pre(finished > 0 && left.length > 0);
        const half = (Math.min(...left) * sinceMs) / finished / 2;
        fc.pre(half >= 2_000 && half <= 2 * MINUTE_MS);
        expect(Math.abs(pollInterval(looking) - half)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
