import { describe, expect, test } from '@jest/globals';
import { kindOf, type ExportReport } from '../../../src/contract/report';
import { toReport } from '../../../src/workflows/export/report';
import { exportJob } from '../../../src/workflows/destination/jobs/export';
import {
  toJobInput,
  toCarried,
  toState,
  unreported,
  watchersOfEnded,
  withAnswer,
  withNextNumber,
  withoutWatcher,
  withReported,
  withWatcher,
  withWatchersOf,
  type DestinationState,
} from '../../../src/workflows/destination/state';
import { DESTINATION, INPUT, report } from '../samples';

function withReport(state: DestinationState, ended: ExportReport): DestinationState {
  return exportJob.withReport(state, { job: DESTINATION.unsettled!, input: INPUT, report: ended });
}

function tagIds(...segments: ExportReport['segments']) {
  const { configuration } = withReport(DESTINATION, report({ segments }));
  return configuration?.segments.map(({ tagId }) => tagId);
}

const idOf = (number: number) => `export ${number}`;
const ids = (state: DestinationState) => unreported(state).map(({ exportId }) => exportId);
const ended = (state: DestinationState, number: number) =>
  withReport(state, report({ number, exportId: idOf(number) }));

describe('the report of an export', () => {
  test('moves the baseline when it was settled, however the export ended, and closes the job', () => {
    for (const status of ['completed', 'cancelled', 'failed'] as const) {
      expect(withReport(DESTINATION, report({ status }))).toMatchObject({
        baseline: { exportId: report().exportId, size: 59_000 },
        unsettled: null,
        exports: [{ status }],
      });
    }
  });

  test('moves it also when the run that counted the requests is lost', () => {
    const { baseline } = withReport(DESTINATION, report({ status: 'failed', tally: null }));
    expect(baseline).toEqual({ exportId: report().exportId, size: 59_000 });
  });

  test.each([
    ['a plan', report({ status: 'planned', isSettled: false })],
    ['an export of which nothing was planned', toReport(INPUT, null, { status: 'failed', startedAtMs: 0 })],
  ])('leaves the baseline where it was: %s', (_, unsettled) => {
    expect(withReport(DESTINATION, unsettled)).toMatchObject({
      baseline: DESTINATION.baseline,
      unsettled: null,
      exports: [{ isSettled: false }],
    });
  });

  test('brings the ids of tags, and loses none', () => {
    const [vip, north] = report().segments;
    expect(tagIds(vip!, north!)).toEqual([11, 12]);
    expect(tagIds({ ...vip!, tagId: 99 })).toEqual([99, null]);
    expect(tagIds({ ...vip!, tagId: null }, north!)).toEqual([11, 12]);
    expect(tagIds()).toEqual([11, null]);
  });

  test('is kept with the nine before it, latest first', () => {
    let state = DESTINATION;
    for (let number = 1; number <= 12; number++) state = withReport(state, report({ number }));
    expect(state.exports.map(({ number }) => number)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  test('is given to the store until a step has kept it, also after a step that failed; plans are not', () => {
    const two = ended(ended(DESTINATION, 1), 2);
    expect(ids(two)).toEqual([idOf(2), idOf(1)]);
    let state = toState(toCarried(withReported(two, ids(two))));
    expect(ids(withReport(state, report({ kind: 'plan', status: 'planned', exportId: 'plan' })))).toEqual([]);
    state = ended(state, 3);
    expect(ids(state)).toEqual([idOf(3)]);
    for (let number = 4; number <= 30; number++) state = withReported(ended(state, number), [idOf(number)]);
    expect(state.reported).toHaveLength(10);
  });

  test('is not pushed out by plans, of which the last three are kept', () => {
    let state = withReport(DESTINATION, report({ number: 1 }));
    for (let number = 1; number <= 12; number++)
      state = withReport(state, report({ kind: 'plan', number, status: 'planned', isSettled: false }));
    const kept = state.exports.map(({ kind = 'export', number }) => `${kind} ${number}`);
    expect(kept).toEqual(['plan 12', 'plan 11', 'plan 10', 'export 1']);
  });

  test('of version 0.2.0 tells a plan by its status: its number was of the series of exports', () => {
    const { kind: _, ...planned } = report({ number: 4, status: 'planned' });
    expect([kindOf(planned), kindOf({ ...planned, status: 'completed' })]).toEqual(['plan', 'export']);
    const { lastPlanNumber, ...old } = { ...DESTINATION, lastNumber: 4 };
    expect(lastPlanNumber).toBeUndefined();
    expect([withNextNumber(old, 'plan').number, withNextNumber(old, 'export').number]).toEqual([1, 5]);
  });
});

describe('answers', () => {
  test('are kept for the last hundred requests, latest first', () => {
    let state = DESTINATION;
    for (let number = 1; number <= 130; number++) state = withAnswer(state, `request ${number}`, null);
    expect(state.answers).toHaveLength(100);
    expect(state.answers[0]).toEqual({ requestId: 'request 130', started: null });
    expect(state.answers.at(-1)).toEqual({ requestId: 'request 31', started: null });
  });
});

describe('the watchers of a job', () => {
  const { exportId } = DESTINATION.unsettled!;
  const watched = withWatcher(DESTINATION, exportId, 'refresh 1');

  test('wait until it has ended, over a continue-as-new, and are named once', () => {
    expect(watchersOfEnded(watched)).toEqual([]);
    expect(withWatcher(watched, exportId, 'refresh 1')).toBe(watched);
    const ended = withReport(toState(toCarried(watched)), report());
    const [watcher, ...others] = watchersOfEnded(ended);
    expect(watcher).toEqual({ workflowId: 'refresh 1', exportId, requested: exportId });
    expect(others).toEqual([]);
    expect(withoutWatcher(ended, watcher!)).not.toHaveProperty('watchers');
  });

  test('wait for its successor where it was replanned', () => {
    const [watcher] = watchersOfEnded(withWatchersOf(withReport(watched, report()), exportId, 'successor'));
    expect(watcher).toEqual({ workflowId: 'refresh 1', exportId: 'successor', requested: exportId });
  });

  test('are twenty at most: others find the report when they ask', () => {
    let state = DESTINATION;
    for (let number = 1; number <= 30; number++) state = withWatcher(state, exportId, `refresh ${number}`);
    expect(state.watchers).toHaveLength(20);
  });
});

test('the input of a job is what the destination knows when it starts; without connection or matching there is none', () => {
  const { audience, account, accountId, source, storeId, workerTimeoutSeconds, statusIfNew } = INPUT;
  const connection = {
    name: 'Newsletter',
    account,
    accountId,
    source,
    storeId,
    workerTimeoutSeconds,
    statusIfNew,
    exportUser: 'tester',
    audience: { ...audience, doubleOptin: false },
  };
  const job = DESTINATION.unsettled!;
  expect(toJobInput('newsletter', { ...DESTINATION, connection }, job)).toEqual({
    ...INPUT,
    baseline: 'earlier',
  });
  expect(toJobInput('newsletter', DESTINATION, job)).toBeNull();
  expect(toJobInput('newsletter', { ...DESTINATION, connection, configuration: null }, job)).toBeNull();
});
