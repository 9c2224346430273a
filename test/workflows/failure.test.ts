import { describe, expect, test } from '@jest/globals';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { ExportError } from '../../src/errors';
import { needsOperator, isTransient, reasonOf, toFailure } from '../../src/workflows/failure';

const inStep = (cause: Error) =>
  new ActivityFailure(
    'Activity task failed',
    'mailchimp.submitPart',
    '5',
    RetryState.MAXIMUM_ATTEMPTS_REACHED,
    'w',
    cause,
  );
const inChild = (cause: Error) =>
  new ChildWorkflowFailure(
    'default',
    { workflowId: 'w', runId: 'r' },
    'mailchimpExport',
    RetryState.NON_RETRYABLE_FAILURE,
    cause,
  );
const ofOurs = (type: string) => ApplicationFailure.nonRetryable('What came back.', type);

describe('the reason of a failure', () => {
  test.each([
    ['a step', inStep(ofOurs('AUDIENCE_NOT_FOUND'))],
    ['a child', inChild(ofOurs('AUDIENCE_NOT_FOUND'))],
    ['a step of a child', inChild(inStep(ofOurs('AUDIENCE_NOT_FOUND')))],
    ['a handler', new ExportError('AUDIENCE_NOT_FOUND', 'What came back.')],
  ])('is its code and message, wherever it comes from: %s', (_, failure) => {
    expect(reasonOf(failure)).toEqual({ code: 'AUDIENCE_NOT_FOUND', message: 'What came back.' });
  });

  test('is unexpected where the code is none of ours', () => {
    expect(reasonOf(inStep(ofOurs('TypeError')))).toEqual({ code: 'UNEXPECTED', message: 'What came back.' });
    expect(reasonOf(inStep(ofOurs('toString')))).toMatchObject({ code: 'UNEXPECTED' });
  });

  test('says that no worker reaches the store when no worker took the step', () => {
    const noWorker = inStep(new TimeoutFailure('timed out', undefined, 'SCHEDULE_TO_START'));
    expect(reasonOf(noWorker)).toMatchObject({
      code: 'STAGING_WORKER_MISSING',
      message: expect.stringContaining('same staging store'),
    });
    const noWorkerInAll = inStep(new TimeoutFailure('timed out', undefined, 'SCHEDULE_TO_CLOSE'));
    expect(reasonOf(noWorkerInAll)).toMatchObject({ code: 'STAGING_WORKER_MISSING' });
  });

  test('says that the worker stopped responding when heartbeats stopped or the step took too long', () => {
    for (const kind of ['HEARTBEAT', 'START_TO_CLOSE'] as const) {
      const gone = inStep(new TimeoutFailure('timed out', undefined, kind));
      expect(reasonOf(gone)).toMatchObject({ code: 'STAGING_FAILED' });
    }
  });

  test('is that of the last try when the time for tries ran out', () => {
    const last = ApplicationFailure.retryable('Mailchimp answered 503.', 'MAILCHIMP_UNAVAILABLE');
    const outOfTime = inStep(new TimeoutFailure('timed out', undefined, 'SCHEDULE_TO_CLOSE'));
    Object.assign(outOfTime.cause!, { cause: last });
    expect(reasonOf(outOfTime)).toEqual({
      code: 'MAILCHIMP_UNAVAILABLE',
      message: 'Mailchimp answered 503.',
    });
  });

  test('of a terminated child is what Temporal says', () => {
    expect(reasonOf(inChild(new TerminatedFailure('by an operator')))).toEqual({
      code: 'UNEXPECTED',
      message: 'by an operator',
    });
  });

  test('never quotes an error whose message is not ours', () => {
    const { message } = reasonOf(new TypeError('Cannot read jane.roe@chinook.org'));
    expect(message).not.toContain('jane');
    expect(reasonOf('jane.roe@chinook.org').message).not.toContain('jane');
    expect(reasonOf(undefined).code).toBe('UNEXPECTED');
  });
});

test('a code of an older version is read as the one that has replaced it', () => {
  expect(reasonOf(ofOurs('AUDIENCE_GONE')).code).toBe('AUDIENCE_NOT_FOUND');
});

test('a reason is transient, needs an operator, or is final', () => {
  const kinds = (
    ['MAILCHIMP_UNAVAILABLE', 'UNEXPECTED', 'KEY_INVALID', 'DISK_FULL', 'SUPERSEDED'] as const
  ).map((code) => [code, isTransient({ code, message: '' }), needsOperator({ code, message: '' })]);
  expect(kinds).toEqual([
    ['MAILCHIMP_UNAVAILABLE', true, false],
    ['UNEXPECTED', true, false],
    ['KEY_INVALID', false, true],
    ['DISK_FULL', false, true],
    ['SUPERSEDED', false, false],
  ]);
});

describe('what leaves a handler or a workflow', () => {
  test('is a failure with the code, and is not tried again', () => {
    const failure = toFailure(inStep(ofOurs('TAG_TAKEN')));
    expect(failure).toMatchObject({ type: 'TAG_TAKEN', message: 'What came back.', nonRetryable: true });
    expect(failure.cause).toBeUndefined();
  });

  test('is a cancellation where it was one', () => {
    const cancelled = inStep(new CancelledFailure('cancelled'));
    expect(toFailure(cancelled)).toBe(cancelled);
  });
});
