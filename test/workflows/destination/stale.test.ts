import { expect, test } from '@jest/globals';
import { exportJob } from '../../../src/workflows/destination/jobs/export';
import { staleAtMs, staleOf } from '../../../src/workflows/destination/stale';
import { toCarried, toState, type DestinationState } from '../../../src/workflows/destination/state';
import { DESTINATION, INPUT, report } from '../samples';

const CONFIGURED: DestinationState = {
  ...DESTINATION,
  configuredAt: '2026-11-20T06:00:00.000Z',
  configuration: { ...INPUT.configuration, staleAfterHours: 26 },
};

const endedAt = '2026-11-23T18:01:01.000Z';
const ended = report({ startedAt: '2026-11-23T18:00:00.000Z', durationMs: 61_000 });

const after = (change: Partial<typeof ended>, state = CONFIGURED) =>
  exportJob.withReport(state, {
    job: DESTINATION.unsettled!,
    input: INPUT,
    report: { ...ended, ...change },
  });

test('a destination becomes stale so many hours after its last completed export, to the millisecond', () => {
  const state = after({});
  const atMs = Date.parse('2026-11-24T20:01:01.000Z');
  expect(staleAtMs(state)).toBe(atMs);
  expect(staleOf(state, atMs - 1)).toBeUndefined();
  const stale = { since: '2026-11-24T20:01:01.000Z', completedAt: endedAt, afterHours: 26 };
  expect(staleOf(state, atMs)).toEqual(stale);
  expect(staleOf(toState(toCarried(state)), atMs)).toEqual(stale);
});

test('exports that did not complete do not count, however many there were', () => {
  let state = after({});
  for (const status of ['failed', 'cancelled', 'denied', 'expired', 'replanned'] as const)
    for (let number = 1; number <= 4; number++)
      state = after({ status, startedAt: '2026-11-25T18:00:00.000Z' }, state);
  expect(staleOf(state, Date.now())).toMatchObject({ completedAt: endedAt });
});

test('a state of version 0.3.0 has the time in a report, and one that was never exported the time since it was configured', () => {
  const { completedAt: _, ...state } = after({});
  expect(staleOf(state, Date.now())).toMatchObject({ completedAt: endedAt });
  expect(staleOf(CONFIGURED, Date.now())).toMatchObject({
    since: '2026-11-21T08:00:00.000Z',
    completedAt: null,
  });
});

test('without a limit, and once removed, a destination is never stale', () => {
  expect(staleAtMs({ ...after({}), configuration: INPUT.configuration })).toBeUndefined();
  expect(staleAtMs({ ...after({}), phase: 'removed' })).toBeUndefined();
});
