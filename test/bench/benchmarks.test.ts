import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import figures from '../../bench/day/figures.json';
import type { DayFigures } from '../../bench/day/measure-day';
import { describeDay } from '../../bench/day/tables';
import people from '../../bench/people/figures.json';
import { describePeople } from '../../bench/people/tables';
import sizing from '../../bench/sizing/figures.json';
import type { SizingFigures } from '../../bench/sizing/measure-sizing';
import { describeSizing } from '../../bench/sizing/tables';

test('BENCHMARKS.md says of a day, of a verification and of a forget, of workers and stores what was measured', () => {
  const text = readFileSync(resolve(__dirname, '../../BENCHMARKS.md'), 'utf8');
  expect(text).toContain(describeDay(figures as DayFigures));
  expect(text).toContain(describePeople(people));
  expect(text).toContain(describeSizing(sizing as SizingFigures));
});
