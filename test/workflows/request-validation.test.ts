import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { ExportError } from '../../src/errors';
import { requireInTime, validating } from '../../src/workflows/request-validation';

const envelope = (inMs: number) => ({ requestId: 'r1', notAfter: Date.now() + inMs });

describe('a request', () => {
  test('is read in time until its last moment', () => {
    const inTime = envelope(60_000);
    expect(requireInTime(inTime)).toEqual(inTime);
  });

  test('that is read later is refused', () => {
    expect(() => requireInTime(envelope(-1))).toThrow(expect.objectContaining({ code: 'REQUEST_EXPIRED' }));
  });

  test.each([
    ['text in place of an envelope', 'r1'],
    ['no id', { notAfter: Date.now() + 60_000 }],
    ['no time', { requestId: 'r1' }],
    ['an empty id', { ...envelope(60_000), requestId: '' }],
    ['an id that fills the history', { ...envelope(60_000), requestId: 'x'.repeat(101) }],
    ['a time that is no number', { requestId: 'r1', notAfter: '2026-11-23' }],
  ])('with %s is refused with what is wrong', (_, given) => {
    expect(() => requireInTime(given)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});

describe('a validator', () => {
  test('keeps the code of what it refuses on the way to the client', () => {
    const refusing = validating(() => {
      throw new ExportError('NOT_CONFIGURED', 'Configure it first.');
    });
    expect(refusing).toThrow(ApplicationFailure);
    expect(refusing).toThrow(
      expect.objectContaining({ type: 'NOT_CONFIGURED', message: 'Configure it first.', nonRetryable: true }),
    );
  });

  test('refuses with a failure that ends the request also where our own code is wrong', () => {
    const broken = validating(() => {
      throw new TypeError('jane.roe@chinook.org is not a function');
    });
    expect(broken).toThrow(ApplicationFailure);
    expect(broken).toThrow(
      expect.objectContaining({ type: 'UNEXPECTED', message: expect.not.stringContaining('jane') }),
    );
  });

  test('lets pass what is right, with its arguments', () => {
    const seen: unknown[] = [];
    validating((...args: unknown[]) => void seen.push(...args))('a', 2);
    expect(seen).toEqual(['a', 2]);
  });
});
