import { describe, expect, test } from '@jest/globals';
import { adviseUnreadable, listUnreadable } from '../../src/text/unreadable-lines';

function file(number: number, ...faults: string[]) {
  return {
    file: `p${number}.csv`,
    lines: 7,
    first: faults.map((fault, index) => ({ line: index + 2, fault })),
  };
}

describe('Unreadable lines', () => {
  test('are listed with file, line and fault', () => {
    expect(listUnreadable([file(1, 'EMPTY KEY', 'MISSING COLUMNS'), file(2, 'EMPTY KEY')])).toBe(
      'p1.csv: 7 (line 2: EMPTY KEY; line 3: MISSING COLUMNS)\n  p2.csv: 7 (line 2: EMPTY KEY)',
    );
  });

  test('are listed for ten files at most', () => {
    const list = listUnreadable(Array.from({ length: 5_000 }, (_, number) => file(number, 'EMPTY KEY')));
    expect(list.split('\n')).toHaveLength(11);
    expect(list).toMatch(/\n {2}and 4990 more files$/);
  });

  test.each([
    ['INVALID ENCODING', 'set csv.encoding, probably to windows-1252.'],
    ['MISSING COLUMNS', 'or set csv.delimiter.'],
    ['TOO MANY COLUMNS', 'or set csv.delimiter.'],
    ['UNQUOTED VALUE', 'set csv.quote and csv.escape to what the file has.'],
    ['LINE SIZE OVER MAXIMUM', 'look for a quote that is open there.'],
    ['INVALID JSON', 'write one object on each line.'],
    ['EMPTY KEY', 'fill it, or delete them.'],
  ])('with the fault %s have advice of their own', (fault, advice) => {
    const text = adviseUnreadable([file(1, fault), file(2, 'another'), file(3, fault)]);
    expect(text).toMatch(/^ p1\.csv \(and 1 more\): /);
    expect(text.endsWith(advice)).toBe(true);
  });

  test('of a fault that has no advice get none', () => {
    expect(adviseUnreadable([file(1, 'another')])).toBe('');
  });
});
