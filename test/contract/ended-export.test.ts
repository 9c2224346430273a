import { describe, expect, test } from '@jest/globals';
import { bytesOf, MAX_PAYLOAD_BYTES } from '../../src/contract/compact';
import { MOST_DESTINATIONS } from '../../src/contract/refresh';
import {
  boundedLines,
  endedExport,
  parseEndedExport,
  refreshedBy,
  shortReason,
} from '../../src/contract/ended-export';
import { noOutcomes, type OutcomeCounts } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import { report } from '../workflows/samples';

const refreshed = (change: Partial<ExportReport>) => refreshedBy(endedExport(report(change), 'requested'));
const counts = (some: Partial<OutcomeCounts>): OutcomeCounts => ({ ...noOutcomes(), ...some });

const resultOf = (some: Partial<OutcomeCounts>) =>
  refreshed({ status: 'completed', outcomes: counts(some) }).result;

describe('an export that has ended', () => {
  test('is unchanged only when nothing was to be sent', () => {
    expect(resultOf({ unchanged: 5, suppressed: 1, duplicate: 1, invalid: 1 })).toBe('unchanged');
    for (const sent of [
      'created',
      'updated',
      'removed',
      'archived',
      'rejected',
      'throttled',
      'unproven',
    ] as const)
      expect(resultOf({ unchanged: 5, [sent]: 1 })).toBe('exported');
  });

  test('has its counts that are not 0, and why it failed', () => {
    const failure = { code: 'CONSENT_TRIPWIRE', message: 'Two contacts\n  were resubscribed' } as const;
    const outcomes = counts({ created: 3, not_sent: 4 });
    expect(refreshed({ status: 'failed', failure, outcomes })).toMatchObject({
      result: 'failed',
      outcomes: { created: 3, not_sent: 4 },
      failure: { code: 'CONSENT_TRIPWIRE', message: 'Two contacts were resubscribed' },
    });
  });

  test.each([
    ['cancelled', 'cancelled', undefined],
    ['denied', 'denied', undefined],
    ['expired', 'failed', 'EXPORT_EXPIRED'],
  ] as const)('as %s is %s', (status, result, code) => {
    const line = refreshed({ status });
    expect([line.result, line.failure?.code]).toEqual([result, code]);
  });

  test('is read from a signal, and anything else is ignored', () => {
    const ended = endedExport(report(), 'requested');
    expect(parseEndedExport(JSON.parse(JSON.stringify(ended)))).toEqual(ended);
    for (const wrong of [null, 'text', {}, { ...ended, status: 'lost' }, { ...ended, number: '1' }])
      expect(parseEndedExport(wrong)).toBeUndefined();
  });

  test('is one of a thousand failed ones in a payload of a bounded size', () => {
    const failure = shortReason({ code: 'STAGING_WORKER_MISSING', message: '顧客'.repeat(500) });
    const outcomes = counts({ created: 999_999, updated: 999_999, unchanged: 999_999, not_sent: 999_999 });
    const line = { ...refreshed({ status: 'failed', failure, outcomes }), destinationId: 'x'.repeat(63) };
    const lines = boundedLines(Array.from({ length: MOST_DESTINATIONS }, () => line));
    expect(bytesOf(lines)).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(lines[0]).toEqual(line);
    expect(lines.at(-1)?.failure).toEqual({
      code: 'STAGING_WORKER_MISSING',
      message: expect.stringContaining('left out'),
    });
  });

  test('has a reason of a bounded length', () => {
    expect(shortReason({ code: 'UNEXPECTED', message: 'x'.repeat(5_000) }).message).toHaveLength(160);
  });
});
