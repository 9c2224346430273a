import { describe, expect, test } from '@jest/globals';
import { noticeId, parseAlertDelivery, type AlertDelivery } from '../../../src/contract/alert';
import type { ExportWaits } from '../../../src/contract/export-waits';
import {
  hasStaleChanged,
  noticeOfEnd,
  withDelivery,
  withEnd,
  withNotice,
  withStale,
  withWaits,
} from '../../../src/workflows/destination/alerts';
import { exportJob } from '../../../src/workflows/destination/jobs/export';
import { toCarried, toState, type DestinationState } from '../../../src/workflows/destination/state';
import { DESTINATION, INPUT, report, SINCE } from '../samples';

const ID = 'newsletter';
const JOB = DESTINATION.unsettled!;
const JOB_REF = { exportId: JOB.exportId, kind: 'export', number: 3 } as const;

/** As continue-as-new hands it on. */
const carried = (state: DestinationState) => toState(toCarried(state));

function ended(state: DestinationState, change: Parameters<typeof report>[0] = {}) {
  const done = report(change);
  const notice = noticeOfEnd(ID, state, done);
  const reported = exportJob.withReport(state, { job: JOB, input: INPUT, report: done });
  return { notice, state: carried(notice ? withEnd(reported, notice) : reported) };
}

const failed = { status: 'failed', failure: { code: 'SOURCE_EMPTY', message: '' } } as const;

const stopped = (since: string, more = {}) =>
  ({
    exportId: JOB_REF.exportId,
    waits: { kind: 'stopped', since, code: 'KEY_INVALID', ...more },
  }) satisfies ExportWaits;

describe('a destination announces', () => {
  test('a failure once for as long as exports fail with the same code, and then that it has recovered, once', () => {
    const first = ended(DESTINATION, failed);
    expect(first.notice).toMatchObject({ kind: 'failed', code: 'SOURCE_EMPTY', export: { number: 3 } });
    const again = ended(first.state, failed);
    expect(again.notice).toBeUndefined();
    const other = ended(again.state, { ...failed, failure: { code: 'SOURCE_MALFORMED', message: '' } });
    expect(other.notice).toMatchObject({ kind: 'failed', code: 'SOURCE_MALFORMED' });
    const completed = ended(other.state);
    expect(completed.notice).toMatchObject({ kind: 'completed', recoveredFrom: 'failed' });
    expect(ended(completed.state).notice).not.toHaveProperty('recoveredFrom');
    expect(ended(completed.state, failed).notice).toMatchObject({ kind: 'failed' });
  });

  test.each(['cancelled', 'denied', 'expired', 'replanned'] as const)(
    'nothing of an export that was %s, and stays in trouble',
    (status) => {
      const { state } = ended(DESTINATION, failed);
      const next = ended(state, { status });
      expect(next.notice).toBeUndefined();
      expect(ended(next.state).notice).toMatchObject({ recoveredFrom: 'failed' });
    },
  );

  test('no end of a plan, which a person waits for', () => {
    expect(ended(DESTINATION, { ...failed, kind: 'plan' }).notice).toBeUndefined();
  });

  test('that an export is held once, also when it says so again after it has continued as new', () => {
    const held = (since: string) =>
      ({
        exportId: JOB_REF.exportId,
        waits: { kind: 'held', since, guards: ['MASS_REMOVAL'] },
      }) satisfies ExportWaits;
    const once = carried(withWaits(ID, DESTINATION, held(SINCE)));
    expect(once.alerts?.pending).toMatchObject([
      { kind: 'held', at: SINCE, export: JOB_REF, guards: ['MASS_REMOVAL'] },
    ]);
    expect(withWaits(ID, once, held('2026-11-23T19:00:00.000Z'))).toBe(once);
    expect(ended(once).notice).toMatchObject({ recoveredFrom: 'held' });
  });

  test('each stop of an export by an id of its own, and none that only repeats one, or of an export that does not run', () => {
    const once = withWaits(ID, DESTINATION, stopped(SINCE));
    const later = '2026-11-23T19:00:00.000Z';
    const twice = withWaits(ID, once, stopped(later));
    expect(new Set(twice.alerts?.pending.map(noticeId)).size).toBe(2);
    expect(withWaits(ID, twice, stopped(later, { isRepeated: true }))).toBe(twice);
    expect(withWaits(ID, twice, { ...stopped(later), exportId: 'ended' })).toBe(twice);
  });

  test('neither a pause, which a person has asked for, nor that an export goes on', () => {
    const { exportId } = JOB_REF;
    expect(withWaits(ID, DESTINATION, { exportId, waits: { kind: 'paused', since: SINCE } })).toBe(
      DESTINATION,
    );
    expect(withWaits(ID, DESTINATION, { exportId, waits: null })).toBe(DESTINATION);
  });

  test('that it is stale once, whatever the limit, and that it has recovered', () => {
    const configuration = { ...INPUT.configuration, staleAfterHours: 26 };
    const state = { ...DESTINATION, configuration, configuredAt: '2026-11-20T06:00:00.000Z' };
    const nowMs = Date.parse('2026-11-25T06:00:00.000Z');
    expect(hasStaleChanged(state, nowMs)).toBe(true);
    const stale = carried(withStale(ID, state, nowMs));
    expect(stale.alerts?.pending).toMatchObject([{ kind: 'stale', at: '2026-11-21T08:00:00.000Z' }]);
    expect(hasStaleChanged(stale, nowMs)).toBe(false);
    const shorter = { ...stale, configuration: { ...configuration, staleAfterHours: 25 } };
    expect(hasStaleChanged(shorter, nowMs)).toBe(false);
    const fresh = ended(stale, { startedAt: '2026-11-25T05:00:00.000Z' });
    expect(fresh.notice).toMatchObject({ recoveredFrom: 'stale' });
    expect(hasStaleChanged(fresh.state, nowMs)).toBe(true);
    const cleared = withStale(ID, fresh.state, nowMs);
    expect(ended(cleared).notice).not.toHaveProperty('recoveredFrom');
    expect(hasStaleChanged(cleared, nowMs + 30 * 60 * 60_000)).toBe(true);
  });

  test('the rejects of the export before with those of this one', () => {
    const rejected = { outcomes: { ...report().outcomes, rejected: 7 } };
    const { state } = ended(DESTINATION, rejected);
    expect(ended(state).notice).toMatchObject({ before: { selected: 60_000, rejects: 1_007 } });
  });
});

const delivery = (receiver: string): AlertDelivery => ({
  receiver,
  event: 'failed',
  at: SINCE,
  failure: { code: 'ALERT_REFUSED', message: '' },
});

test('what a destination keeps about its alerts is bounded', () => {
  let state: DestinationState = DESTINATION;
  const { notice } = ended(state, failed);
  for (let number = 0; number < 100; number++) {
    state = withNotice(state, notice!);
    state = withDelivery(state, delivery(`r${number % 50}`));
  }
  expect(state.alerts?.pending).toHaveLength(20);
  expect(state.alerts?.undelivered).toHaveLength(20);
  const { failure: _, ...arrived } = delivery('r49');
  expect(withDelivery(state, arrived).alerts?.undelivered).toHaveLength(19);
});

test('whether an alert has arrived is read from a signal, and anything else is ignored', () => {
  const sent = delivery('ops');
  expect(parseAlertDelivery(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
  for (const wrong of [null, 'text', {}, { ...sent, event: 'lost' }, { ...sent, failure: 'late' }])
    expect(parseAlertDelivery(wrong)).toBeUndefined();
});
