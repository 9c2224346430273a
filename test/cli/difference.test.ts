import { describe, expect, test } from '@jest/globals';
import { differenceOf } from '../../src/cli/text/difference';

describe('differenceOf', () => {
  test('has the lines that change, with two around them', () => {
    const lines = differenceOf('1\n2\n3\n4\n5\n6\n', '1\n2\n3\n4\nfive\n6\n', 2).flat();
    expect(lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'same 3',
      'same 4',
      'removed 5',
      'added five',
      'same 6',
    ]);
  });

  test('is empty where nothing changes', () => {
    expect(differenceOf('a\n', 'a\n', 2)).toEqual([]);
  });
});
