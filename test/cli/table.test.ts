import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { fitColumns } from '../../src/cli/text/fit-columns';
import { PLAIN_PAGE, type Page } from '../../src/cli/text/page';
import { pairs, table } from '../../src/cli/text/table';

const text = (width: number) => ({ width, least: Math.min(width, 10), isOptional: false });
const number = (width: number) => ({ width, least: width, isOptional: false });
const optional = (width: number) => ({ ...text(width), isOptional: true });

const narrow = (columns: number): Page => ({ columns, isColoured: false });

describe('the columns of a table', () => {
  test('have their natural width where there is room, also to the last column', () => {
    expect(fitColumns([text(30), number(8), text(38)], 80)).toEqual([30, 8, 38]);
    expect(fitColumns([text(3000)], Infinity)).toEqual([3000]);
  });

  test('are cut where there is less room, the widest first', () => {
    expect(fitColumns([text(31), number(8), text(38)], 80)).toEqual([31, 8, 37]);
    expect(fitColumns([text(40), text(40)], 42)).toEqual([20, 20]);
  });

  test('are dropped before others are cut, if they are optional', () => {
    expect(fitColumns([number(6), optional(36), text(30), optional(20)], 60)).toEqual([6, 0, 30, 20]);
    expect(fitColumns([number(6), optional(36), text(30), optional(20)], 40)).toEqual([6, 0, 30, 0]);
  });

  test('that are numbers are never cut: the last columns are dropped instead', () => {
    expect(fitColumns([text(20), number(9), number(9), number(9)], 34)).toEqual([12, 9, 9, 0]);
    expect(fitColumns([text(20), number(9)], 5)).toEqual([10, 0]);
  });
});

describe('a table on a terminal', () => {
  const rows = [
    ['a'.repeat(50), '1,000,000', 'b'.repeat(50)],
    ['日本語'.repeat(20), '7', 'short'],
  ];

  test.each([20, 40, 80, 120])('of %i columns has no longer line, and cut cells end with …', (columns) => {
    const lines = table(['NAME', 'N', 'TEXT'], rows, narrow(columns)).split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toContain('…');
  });

  test('is complete in a pipe', () => {
    const inPipe = table(['NAME', 'N', 'TEXT'], rows, PLAIN_PAGE);
    for (const cell of rows.flat()) expect(inPipe).toContain(cell);
  });

  test('has headings and states in colour, which take no room', () => {
    const cells = [[{ text: 'failed', tone: 'bad' as const }, 'x'.repeat(40)]];
    const coloured = table(['STATUS', 'TEXT'], cells, { columns: 30, isColoured: true });
    expect(coloured).toContain('\u001b[1mSTATUS\u001b[22m  \u001b[1mTEXT\u001b[22m\n');
    expect(coloured).toContain('\u001b[31mfailed\u001b[39m  xxxxxxxxxxxxxxxxxxxxx…');
    expect(stripVTControlCharacters(coloured)).toBe(table(['STATUS', 'TEXT'], cells, narrow(30)));
  });
});

describe('names with values on a terminal', () => {
  test('continue below their first word; a long word stays whole', () => {
    const url = `http://${'x'.repeat(40)}`;
    expect(
      pairs(
        [
          ['Name', 'one two three four'],
          ['Link', `see ${url}`],
        ],
        narrow(18),
      ),
    ).toBe(`Name  one two\n      three four\nLink  see\n      ${url}`);
  });
});

/** East Asian characters take two columns. */
function widthOf(line: string): number {
  return line.length + (line.match(/[\u3000-\u9fff]/g) ?? []).length;
}
