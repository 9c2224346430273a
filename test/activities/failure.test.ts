import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDependencies } from '../../src/activities';
import { exportStep } from '../../src/activities/export-step';
import { toApplicationFailure } from '../../src/activities/failure';
import { ExportError, type ExportErrorCode } from '../../src/errors';

/** Written out, not read from the code: a code that changes its treatment changes what exports do. */
const TREATMENTS: Record<ExportErrorCode, 'refuse' | 'retry' | 'stop'> = {
  CONFIG_INVALID: 'refuse',
  CONFIG_UNREADABLE: 'refuse',
  INPUT_INVALID: 'refuse',
  SECRET_UNAVAILABLE: 'stop',
  CONSENT_REQUIRED: 'refuse',
  CONSENT_WITHDRAWN: 'refuse',
  EMAIL_NOT_MATCHED: 'refuse',
  ATTRIBUTE_NOT_FOUND: 'refuse',
  SEGMENT_NOT_FOUND: 'refuse',
  MERGE_FIELD_NOT_FOUND: 'refuse',
  MERGE_FIELD_UNSUPPORTED: 'refuse',
  MERGE_FIELD_TAKEN: 'refuse',
  REQUIRED_FIELD_UNMATCHED: 'refuse',
  GROUP_NOT_FOUND: 'refuse',
  EXPRESSION_INVALID: 'refuse',
  CONSENT_PROOF_REQUIRED: 'refuse',
  TAG_INVALID: 'refuse',
  TAG_TAKEN: 'refuse',
  CONFIGURATION_TOO_LARGE: 'refuse',
  SOURCE_NOT_FOUND: 'refuse',
  SOURCE_UNREADABLE: 'refuse',
  SOURCE_UNAVAILABLE: 'retry',
  SOURCE_MALFORMED: 'refuse',
  SOURCE_EMPTY: 'refuse',
  SOURCE_KEY_NOT_UNIQUE: 'refuse',
  SEGMENT_SQL_INVALID: 'refuse',
  TOO_MANY_PROFILES: 'refuse',
  KEY_INVALID: 'stop',
  KEY_REVOKED: 'stop',
  SIGN_IN_FAILED: 'refuse',
  ACCOUNT_NOT_FOUND: 'refuse',
  ACCOUNT_MISMATCH: 'stop',
  ROLE_TOO_LOW: 'stop',
  AUDIENCE_NOT_FOUND: 'stop',
  AUDIENCE_IN_USE: 'refuse',
  AUDIENCE_MISMATCH: 'refuse',
  MAILCHIMP_REFUSED: 'refuse',
  MAILCHIMP_BUSY: 'retry',
  MAILCHIMP_UNAVAILABLE: 'retry',
  PLAN_LIMIT: 'stop',
  EXPORT_NOT_HELD: 'refuse',
  PLAN_OUTDATED: 'refuse',
  SECOND_PERSON_REQUIRED: 'refuse',
  SUPERSEDED: 'refuse',
  ACCOUNTING_MISMATCH: 'refuse',
  CONSENT_TRIPWIRE: 'refuse',
  PROVIDER_DIFFERS: 'refuse',
  UNDO_BLOCKED: 'refuse',
  UNDO_EXPIRED: 'refuse',
  DESTINATION_NOT_FOUND: 'refuse',
  DESTINATION_REMOVED: 'refuse',
  DESTINATION_TERMINATED: 'refuse',
  DESTINATION_OWNER_MISMATCH: 'refuse',
  NOT_CONNECTED: 'refuse',
  NOT_CONFIGURED: 'refuse',
  DESTINATION_BUSY: 'refuse',
  EXPORT_NOT_FOUND: 'refuse',
  EXPORT_CANCELLED: 'refuse',
  EXPORT_DENIED: 'refuse',
  EXPORT_EXPIRED: 'refuse',
  REQUEST_EXPIRED: 'refuse',
  SCHEDULE_NOT_FOUND: 'refuse',
  SCHEDULE_EXISTS: 'refuse',
  SCHEDULE_OWNER_MISMATCH: 'refuse',
  BASELINE_EXISTS: 'refuse',
  FORGET_NOT_FOUND: 'refuse',
  STAGING_CORRUPT: 'refuse',
  STAGING_NOT_REACHABLE: 'refuse',
  RECEIVER_NOT_FOUND: 'refuse',
  ALERT_REFUSED: 'refuse',
  ALERT_NOT_DELIVERED: 'retry',
  STAGING_WORKER_MISSING: 'retry',
  STAGING_FAILED: 'retry',
  STAGING_STORE_UNSAFE: 'refuse',
  STORE_MOVED: 'refuse',
  STORE_NOT_EMPTY: 'refuse',
  DISK_FULL: 'stop',
  WORKER_NOT_RUNNING: 'refuse',
  TEMPORAL_UNREACHABLE: 'refuse',
  TEMPORAL_SERVER_UNAVAILABLE: 'refuse',
  BUNDLE_MISMATCH: 'refuse',
  TEMPORAL_SDK_MISMATCH: 'refuse',
  SEARCH_ATTRIBUTES_MISSING: 'refuse',
  UNEXPECTED: 'retry',
};

const CODES = Object.entries(TREATMENTS) as [ExportErrorCode, string][];

/** An error of a driver, which quotes a row. */
const DRIVER = new Error('Could not convert string "jane.roe@chinook.org" to INT64 in row 7');

function category(code: ExportErrorCode): unknown {
  return (toApplicationFailure(new ExportError(code, 'x'), 'step') as ApplicationFailure).category;
}

/** What the server stores of a failure. */
function kept(failure: Error): string {
  return JSON.stringify(
    defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter),
    (key, value: unknown) =>
      key === 'data' && typeof value === 'object'
        ? Buffer.from(Object.values(value as Uint8Array)).toString()
        : value,
  );
}

describe('an ExportError', () => {
  test.each(CODES)('%s keeps its code, message and details, and is treated as: %s', (code, treatment) => {
    const error = new ExportError(code, 'What was attempted, and what to do.', {
      details: { lines: 3 },
      cause: DRIVER,
    });
    const failure = toApplicationFailure(error, 'mailchimp.preflight');
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type: code,
      message: 'What was attempted, and what to do.',
      nonRetryable: treatment !== 'retry',
      details: [{ lines: 3 }],
    });
    expect(failure.cause).toBeUndefined();
    expect(kept(failure)).not.toMatch(/jane\.roe|INT64/);
  });

  test('is benign for Temporal when Mailchimp is only busy', () => {
    expect(category('MAILCHIMP_BUSY')).toBe('BENIGN');
    expect(category('MAILCHIMP_UNAVAILABLE')).not.toBe('BENIGN');
  });

  test.each([
    [7, 7_000],
    // Temporal would take a delay of zero for no attempt.
    [0, undefined],
    [undefined, undefined],
  ])('that asks for a retry in %s seconds delays it by %s ms', (retryAfterSeconds, nextRetryDelay) => {
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    const failure = toApplicationFailure(new ExportError('ALERT_NOT_DELIVERED', 'x', { details }), 'step');
    expect((failure as ApplicationFailure).nextRetryDelay ?? undefined).toBe(nextRetryDelay);
  });
});

describe('an unexpected error', () => {
  test('keeps its name, its system code and the step, and is retried', () => {
    const error = Object.assign(new RangeError('jane.roe@chinook.org is out of range'), {
      code: 'ERR_RANGE',
    });
    const failure = toApplicationFailure(error, 'mailchimp.planExport');
    expect(failure).toMatchObject({
      type: 'UNEXPECTED',
      nonRetryable: false,
      message: expect.stringMatching(/RangeError \(ERR_RANGE\).*mailchimp\.planExport/),
    });
    expect(failure.cause).toBeUndefined();
    expect(kept(failure)).not.toContain('jane.roe');
  });

  test.each([
    ['a string', 'jane.roe@chinook.org'],
    ['an object', { email: 'jane.roe@chinook.org' }],
    ['nothing', undefined],
    ['an error whose code is not a string', Object.assign(new Error('x'), { code: { row: 'jane.roe' } })],
  ])('keeps nothing of its content: %s', (_, error) => {
    const failure = toApplicationFailure(error, 'step');
    expect(failure).toMatchObject({ type: 'UNEXPECTED' });
    expect(kept(failure)).not.toContain('jane.roe');
  });

  describe('with TEMPORAL_MAILCHIMP_DEBUG=1', () => {
    const printed = jest.spyOn(process.stderr, 'write');

    beforeEach(() => {
      process.env['TEMPORAL_MAILCHIMP_DEBUG'] = '1';
      printed.mockReset().mockReturnValue(true);
    });

    afterEach(() => {
      delete process.env['TEMPORAL_MAILCHIMP_DEBUG'];
      printed.mockRestore();
    });

    test('is printed by the worker, and not by Temporal', () => {
      const failure = toApplicationFailure(DRIVER, 'step');
      expect(printed.mock.calls.join()).toContain(DRIVER.message);
      expect(kept(failure)).not.toContain('jane.roe');
    });
  });
});

test('failures of Temporal stay unchanged', () => {
  const cancelled = new CancelledFailure('asked to stop');
  const applied = ApplicationFailure.nonRetryable('by a step', 'SUPERSEDED');
  expect(toApplicationFailure(cancelled, 'step')).toBe(cancelled);
  expect(toApplicationFailure(applied, 'step')).toBe(applied);
});

/** A step that needs nothing but `work`. */
function run(work: () => Promise<unknown>): Promise<unknown> {
  const environment = new MockActivityEnvironment(
    {},
    { logger: new DefaultLogger('ERROR', () => undefined) },
  );
  return environment.run(() => exportStep({} as ActivityDependencies, { account: 'main' }, work));
}

describe('in a step of an export', () => {
  test.each(CODES.map(([code]) => code))('%s has the code that it has anywhere', async (code) => {
    const error = new ExportError(code, 'What was attempted.', { details: { attempt: 2 } });
    await expect(run(() => Promise.reject(error))).rejects.toBe(error);
  });

  test('what the operator has to fix stops the export instead of ending it', () => {
    const codes = [
      'KEY_INVALID',
      'ROLE_TOO_LOW',
      'SECRET_UNAVAILABLE',
      'ACCOUNT_MISMATCH',
      'AUDIENCE_NOT_FOUND',
    ] as const;
    expect(codes.map((code) => TREATMENTS[code])).toEqual(codes.map(() => 'stop'));
  });

  test('results and unexpected errors pass unchanged', async () => {
    await expect(run(() => Promise.resolve(7))).resolves.toBe(7);
    await expect(run(() => Promise.reject(DRIVER))).rejects.toBe(DRIVER);
  });
});
