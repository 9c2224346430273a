import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import figures from '../../bench/day/figures.json';
import type { DayFigures } from '../../bench/day/measure-day';
import { describeDay } from '../../bench/day/tables';

test('BENCHMARKS.md says of a day what was measured', () => {
  const text = readFileSync(resolve(__dirname, '../../BENCHMARKS.md'), 'utf8');
  expect(text.endsWith(describeDay(figures as DayFigures))).toBe(true);
});
