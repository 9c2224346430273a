import { describe, expect, test } from '@jest/globals';
import { count, countOf, duration, instant } from '../../src/text/format';

describe('numbers', () => {
  test('have thousands separators and a singular or plural noun', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(countOf(1, 'profile')).toBe('1 profile');
    expect(countOf(2_000, 'batch', 'batches')).toBe('2,000 batches');
  });

  test('of time are short', () => {
    expect([12, 1_500, 61_000, 3_725_000].map(duration)).toEqual([
      '12 ms',
      '1.5 s',
      '1 min 1 s',
      '1 h 2 min',
    ]);
    expect(instant('2026-11-23T17:04:53.123Z')).toBe('2026-11-23 17:04:53 UTC');
  });
});
