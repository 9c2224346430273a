import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, ActivityFailure, RetryState } from '@temporalio/common';
import type { LogEntry } from '@temporalio/worker';
import { ExportError } from '../../src/errors';
import { describeEntry, entryToJson, whyNotServed } from '../../src/worker/runtime';

const entry = (message: string, meta: Record<string, unknown> = {}): LogEntry => ({
  level: 'WARN',
  message,
  timestampNanos: 1_764_406_038_573_000_000n,
  meta,
});

const refused = ApplicationFailure.create({
  type: 'KEY_INVALID',
  message: 'Could not sign in.\nUse another key.',
});

describe('the log of the standalone worker', () => {
  test('has one line for a failed step, with its error and without a stack', () => {
    const meta = {
      sdkComponent: 'worker',
      activityType: 'mailchimp.preflight',
      workflowId: 'mailchimp/newsletter/export',
      attempt: 2,
      taskToken: 'abc',
      error: refused,
    };
    expect(describeEntry(entry('Activity failed', meta))).toBe(
      '2025-11-29T08:47:18.573Z WARN  Activity failed (activityType mailchimp.preflight, workflowId mailchimp/newsletter/export, attempt 2): ' +
        'KEY_INVALID: Could not sign in. Use another key.',
    );
  });

  test.each([
    [new ExportError('SOURCE_EMPTY', 'No profiles.'), 'SOURCE_EMPTY: No profiles.'],
    [
      new ActivityFailure(
        'Activity task failed',
        'a',
        '1',
        RetryState.NON_RETRYABLE_FAILURE,
        undefined,
        refused,
      ),
      'KEY_INVALID: ',
    ],
    [new TypeError('x is not a function'), 'TypeError: x is not a function'],
    ['a text\nof two lines', 'a text of two lines'],
  ])('says what went wrong: %p', (error, said) => {
    const line = describeEntry(entry('Failed', { error })) ?? '';
    expect(line).toContain(`Failed: ${said}`);
    expect(line).not.toMatch(/\n|\bat /);
  });

  test('prints the stack when it is asked for', () => {
    process.env['TEMPORAL_MAILCHIMP_DEBUG'] = '1';
    try {
      expect(describeEntry(entry('Failed', { error: new TypeError('x') }))).toMatch(/TypeError: x\n +at /);
    } finally {
      delete process.env['TEMPORAL_MAILCHIMP_DEBUG'];
    }
  });

  test('leaves out what is always so', () => {
    expect(describeEntry(entry('No workflows registered, not polling for workflow tasks'))).toBeUndefined();
  });

  test('has destination, export and step before the rest', () => {
    const meta = { workflowId: 'mailchimp/a/export', destination: 'a', export: 'id-1', step: 'planExport' };
    expect(describeEntry(entry('The plan is made', meta))).toContain(
      '(destination a, export id-1, step planExport, workflowId mailchimp/a/export)',
    );
  });

  test('as JSON has one object with the fields that are no objects, and the error without a stack', () => {
    const meta = { destination: 'a', attempt: 2, isLocal: false, options: { huge: [] }, error: refused };
    const line = entryToJson(entry('Activity failed', meta)) ?? '';
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      time: '2025-11-29T08:47:18.573Z',
      level: 'WARN',
      message: 'Activity failed',
      destination: 'a',
      attempt: 2,
      isLocal: false,
      error: 'KEY_INVALID: Could not sign in. Use another key.',
    });
    expect(entryToJson(entry('No workflows registered, not polling for workflow tasks'))).toBeUndefined();
  });
});

test.each([
  ['Failed to start prometheus metrics exporter: Address already in use (os error 98)', 'another program'],
  [
    'Failed to start prometheus metrics exporter: Cannot assign requested address (os error 99)',
    'this machine',
  ],
  ['Failed to start prometheus metrics exporter: Permission denied (os error 13)', 'this user may not'],
])('where metrics cannot be served, the reason is said in words: %s', (message, words) => {
  expect(whyNotServed(message)).toContain(words);
});
