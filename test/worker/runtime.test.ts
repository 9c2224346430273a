import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, ActivityFailure, RetryState } from '@temporalio/common';
import type { LogEntry } from '@temporalio/worker';
import { ExportError } from '../../src/errors';
import { describeEntry } from '../../src/worker/runtime';

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
});
