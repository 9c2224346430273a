import { describe, expect, test } from '@jest/globals';
import * as fc from '../../support/fast-check';
import type { BatchState } from '../../../src/ports/mailchimp';
import { type PollState, pollInterval as intervalOf } from '../../../src/workflows/export/poll-interval';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** No batch is near its end, and one has advanced just now. */
const FAR = { isClosing: false, givesUpInMs: Number.POSITIVE_INFINITY, quietMs: 0 };
/** Where nothing else is said, all batches were submitted at once. */
const pollInterval = (state: Omit<PollState, keyof typeof FAR | 'ageMs'> & { readonly quietMs?: number }) =>
  intervalOf({ ...FAR, ageMs: state.elapsedMs, ...state });

function batch(total: number, finished: number): BatchState {
  return { batchId: 'b', status: 'started', total, finished };
}

const POLL_STATE = fc.record({
  batches: fc.array(
    fc
      .tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 }))
      .map(([one, other]) => batch(Math.max(one, other), Math.min(one, other))),
    { maxLength: 4 },
  ),
  answered: fc.nat({ max: 2_000 }),
  elapsedMs: fc.nat({ max: 24 * 60 * MINUTE_MS }),
  polls: fc.nat({ max: 5_000 }),
});

function waits(count: number, state: Omit<PollState, 'polls' | 'ageMs' | keyof typeof FAR>): number[] {
  return Array.from({ length: count }, (_, polls) => pollInterval({ ...state, polls }));
}

/** Polls in each of thirty days, of a batch of 1,000 operations; those before `from` do not count. */
function pollsPerDay({
  from,
  finishedAt,
}: {
  readonly from: number;
  readonly finishedAt: (elapsedMs: number) => number;
}): number[] {
  const perDay: number[] = Array.from({ length: 30 }, () => 0);
  let [elapsedMs, polls, seen, quietMs] = [0, 0, 0, 0];
  for (;;) {
    const waitMs = pollInterval({ batches: [batch(1_000, seen)], answered: 0, elapsedMs, quietMs, polls });
    elapsedMs += waitMs;
    quietMs = finishedAt(elapsedMs) === seen ? quietMs + waitMs : 0;
    const day = Math.floor((elapsedMs - from) / (24 * HOUR_MS));
    if (day >= 30) return perDay;
    if (day >= 0) perDay[day] = (perDay[day] ?? 0) + 1;
    polls += 1;
    seen = finishedAt(elapsedMs);
  }
}

describe('the wait before the next poll of the batches', () => {
  test('grows from a quarter of a second to two minutes while nothing is known', () => {
    const found = waits(20, { batches: [batch(50, 0)], answered: 0, elapsedMs: MINUTE_MS });
    expect(found[0]).toBe(250);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    expect(found.at(-1)).toBe(2 * MINUTE_MS);
  });

  test('is at most a third of the age of the youngest batch, and at most an hour and a half', () => {
    const state = { ...FAR, batches: [batch(50, 0)], answered: 0, polls: 500, elapsedMs: 20 * HOUR_MS };
    expect(intervalOf({ ...state, ageMs: 5 * MINUTE_MS })).toBe(2 * MINUTE_MS);
    expect(intervalOf({ ...state, ageMs: HOUR_MS })).toBe(20 * MINUTE_MS);
    expect(intervalOf({ ...state, ageMs: 20 * HOUR_MS })).toBe(1.5 * HOUR_MS);
  });

  test('is at most two minutes for a batch submitted just now, however slow the export was before', () => {
    const state = { ...FAR, batches: [batch(500, 20)], answered: 500, polls: 0, elapsedMs: 12 * HOUR_MS };
    expect(intervalOf({ ...state, ageMs: 3 * MINUTE_MS })).toBe(2 * MINUTE_MS);
  });

  test.each([
    ['nothing', () => 0],
    ['one operation in each hour', (elapsedMs: number) => Math.min(900, Math.floor(elapsedMs / HOUR_MS))],
  ])('makes at most 45 polls in each of thirty days in which a batch shows %s', (_, finishedAt) => {
    const perDay = pollsPerDay({ from: 0, finishedAt });
    expect(Math.max(...perDay)).toBeLessThanOrEqual(45);
    expect(Math.min(...perDay)).toBeGreaterThanOrEqual(15);
  });

  test('makes at most 45 polls a day after a batch stopped in front of its last operation', () => {
    const from = 10 * MINUTE_MS;
    const finishedAt = (elapsedMs: number) => Math.min(999, Math.floor((elapsedMs * 999) / from));
    const perDay = pollsPerDay({ from, finishedAt });
    expect(Math.max(...perDay)).toBeLessThanOrEqual(45);
    expect(Math.min(...perDay)).toBeGreaterThanOrEqual(15);
  });

  test('is no longer than until a batch is given up, and two minutes where one is deleted or compiles its results', () => {
    const state = {
      batches: [batch(50, 0)],
      answered: 0,
      elapsedMs: 20 * HOUR_MS,
      ageMs: 20 * HOUR_MS,
      polls: 500,
    };
    expect(intervalOf({ ...FAR, ...state, givesUpInMs: 7 * MINUTE_MS })).toBe(7 * MINUTE_MS);
    expect(intervalOf({ ...FAR, ...state, givesUpInMs: 1 })).toBe(2_000);
    expect(intervalOf({ ...FAR, ...state, isClosing: true })).toBe(2 * MINUTE_MS);
  });

  test('is two seconds and more where batches wait behind those that have finished', () => {
    const found = waits(3, { batches: [batch(0, 0), batch(0, 0)], answered: 50, elapsedMs: MINUTE_MS });
    expect(found).toEqual([2_000, 3_000, 4_500]);
  });

  test('is half the time to the next finish at the rate so far', () => {
    const state = { batches: [batch(50, 10), batch(50, 30)], answered: 0, elapsedMs: 40_000 };
    expect(pollInterval({ ...state, polls: 9 })).toBe(10_000);
  });

  test('knows the rate from batches that have finished, also when the present one has just begun', () => {
    const state = { batches: [batch(50, 0)], answered: 450, elapsedMs: 15 * MINUTE_MS, polls: 0 };
    expect(pollInterval(state)).toBe(50_000);
    expect(pollInterval({ ...state, batches: [batch(50, 48), batch(0, 0)] })).toBe(2_000);
    expect(pollInterval({ ...state, batches: [batch(50, 48), batch(50, 0)] })).toBe(2_000);
    expect(pollInterval({ ...state, batches: [batch(50, 49), batch(0, 0)] })).toBe(2_000);
  });

  test('is half the time in which nothing has advanced, where that is longer', () => {
    const state = { batches: [batch(50, 49)], answered: 450, elapsedMs: MINUTE_MS, polls: 0 };
    expect(pollInterval({ ...state, quietMs: 20_000 })).toBe(10_000);
  });

  test('comes down to a quarter of a second where Mailchimp will soon have nothing to do', () => {
    const state = { answered: 450, elapsedMs: MINUTE_MS, polls: 0 };
    expect(pollInterval({ ...state, batches: [batch(50, 40)] })).toBe(612);
    expect(pollInterval({ ...state, batches: [batch(50, 49)] })).toBe(250);
    expect(pollInterval({ ...state, batches: [batch(50, 49), batch(5, 0)] })).toBe(250);
    expect(pollInterval({ ...state, batches: [batch(2, 0), batch(1, 0)], answered: 60 })).toBe(500);
  });

  test('is below two seconds where one batch is in flight, or nothing has finished yet', () => {
    const state = { elapsedMs: MINUTE_MS, polls: 0 };
    expect(pollInterval({ ...state, batches: [batch(50, 20)], answered: 450 })).toBe(1_915);
    expect(pollInterval({ ...state, batches: [batch(50, 0), batch(50, 0)], answered: 0 })).toBe(250);
  });

  test('is between a quarter of a second and two minutes or a third of the age, whatever the batches report', () => {
    fc.assert(
      fc.property(POLL_STATE, (state) => {
        expect(pollInterval(state)).toBeGreaterThanOrEqual(250);
        expect(pollInterval(state)).toBeLessThanOrEqual(Math.max(2 * MINUTE_MS, state.elapsedMs / 3 + 1));
      }),
    );
  });

  test('is half the expected time wherever a rate is known, something is left and it is neither short nor long', () => {
    fc.assert(
      fc.property(POLL_STATE, (state) => {
        const { batches, answered, elapsedMs } = state;
        const finished = batches.reduce((sum, { finished }) => sum + finished, answered);
        const left = batches.map(({ total, finished }) => total - finished).filter((count) => count > 0);
        fc.pre(finished > 0 && left.length > 0);
        const half = (Math.min(...left) * elapsedMs) / finished / 2;
        fc.pre(half >= 2_000 && half <= 2 * MINUTE_MS);
        expect(Math.abs(pollInterval(state) - half)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
