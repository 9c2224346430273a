import { describe, expect, test } from '@jest/globals';
import { rejectLimit, whyNoSuccess, whyTooManyRejects } from '../../src/cli/export/rejects';
import { noOutcomes, type OutcomeCounts } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';

const report = (selected: number, outcomes: Partial<OutcomeCounts>, status = 'completed') =>
  ({ selected, status, outcomes: { ...noOutcomes(), ...outcomes } }) as ExportReport;

describe('a completed export is no success', () => {
  test('when all that could be exported are rejects, also without a limit', () => {
    const all = { invalid: 2, rejected: 1, throttled: 1, unproven: 1 };
    expect(whyTooManyRejects(report(5, all))).toBe(
      'No profile was exported: 5 of 5 profiles are invalid, refused, throttled or unproven.',
    );
    expect(whyTooManyRejects(report(7, { ...all, duplicate: 1, suppressed: 1 }))).toContain('5 of 7');
    for (const good of ['created', 'updated', 'unchanged'])
      expect(whyTooManyRejects(report(6, { ...all, [good]: 1 }))).toBeUndefined();
    expect(whyTooManyRejects(report(2, { suppressed: 1, duplicate: 1 }))).toBeUndefined();
    expect(whyTooManyRejects(report(5, all, 'planned'))).toBeUndefined();
  });

  test.each([
    ['0', 1, true],
    ['5', 5, false],
    ['5', 6, true],
    ['5%', 10, false],
    ['5%', 11, true],
    ['0.5%', 2, true],
    ['100%', 200, false],
  ])('with --fail-on-rejects %s, %d rejects of 200: %p', (limit, rejected, isTooMany) => {
    const found = whyTooManyRejects(report(200, { rejected, created: 1 }), rejectLimit(limit));
    expect(found !== undefined).toBe(isTooMany);
  });

  test('with --fail-on-warnings, when more values than allowed were not sent as they are', () => {
    const warned = (...warnings: ExportReport['warnings']) => ({
      ...report(200, { created: 200 }),
      warnings,
    });
    const value = { attribute: 'age', field: 'AGE' };
    const omitted = warned({ ...value, kind: 'omitted', count: 4 }, { ...value, kind: 'cut', count: 1 });
    expect(whyNoSuccess(omitted, {})).toBeUndefined();
    expect(whyNoSuccess(omitted, { warnings: rejectLimit('5') })).toBeUndefined();
    expect(whyNoSuccess(omitted, { warnings: rejectLimit('4') })).toBe(
      '5 values of 200 profiles were left out, cut or not read; --fail-on-warnings allows 4.',
    );
    expect(whyNoSuccess(omitted, { warnings: rejectLimit('2%') })).toContain('allows 2%');
    // Values that are counted again, and those that were sent.
    const others = warned(
      { ...value, kind: 'kept', count: 4 },
      { ...value, kind: 'decimal_comma', count: 9 },
    );
    expect(whyNoSuccess(others, { warnings: rejectLimit('0') })).toBeUndefined();
    const refused = { ...report(2, { rejected: 1, created: 1 }), warnings: [] };
    expect(whyNoSuccess(refused, { rejects: rejectLimit('0') })).toContain('--fail-on-rejects');
  });

  test.each(['', 'x', '-1', '1.5', '101%', '5 %%'])('a limit of %j is refused', (limit) => {
    expect(() => rejectLimit(limit)).toThrow(/whole number, such as 10, or a percentage/);
  });
});
