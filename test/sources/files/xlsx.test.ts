import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Fixture, type SourceInput, errorOf } from './fixture';
import { type Cell, writeXlsx } from './write-xlsx';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

const CUSTOMERS: Cell[][] = [
  ['Id', 'First Name', 'Born', 'Score', 'Active', null, 'Code'],
  [1, 'Ann, "the 1st"\nof Bonn', { day: 45_322 }, 1.5, true, 'x', '007'],
  ['2', 'Zoë O’Brien 😀', { day: 45_322.75 }, 9_007_199_254_740_991, false, null, { error: '#N/A' }],
  [],
  ['3', ' Bob ', null, 1e21],
];

const all = { all: { sql: 'SELECT "Id" FROM profiles' } };

async function open(
  profiles: Partial<SourceInput['profiles']> = {},
  sheets: Record<string, Cell[][]> = { One: CUSTOMERS },
) {
  await fixture.write('p.xlsx', writeXlsx(sheets));
  return { profiles: { path: 'p.xlsx', key: 'Id', ...profiles }, segments: all };
}

describe('An .xlsx file', () => {
  test('is read with the texts, numbers and dates of its first sheet, and without empty rows', async () => {
    const request = { attributes: ['First Name', 'Born', 'Score', 'Active', 'Code'], segments: ['all'] };
    const { rows, unreadable } = await fixture.extract(await open(), request);
    expect(rows).toEqual({
      '1': ['Ann, "the 1st"\nof Bonn', '2024-01-31', '1.5', 'true', '007'],
      '2': ['Zoë O’Brien 😀', '2024-01-31T18:00:00', '9007199254740991', 'false', null],
      '3': [' Bob ', null, '1e+21', null, null],
    });
    expect(unreadable).toEqual([]);
  });

  test('may have a title above the table, other sheets, and texts for no value', async () => {
    const rows: Cell[][] = [['Customers\nof today'], [], ['Id', 'First'], ['1', 'n/a'], ['2', 'Bob']];
    const input = await open(
      { sheet: 'Two', csv: { skip: 1, nullText: ['n/a'] }, rename: { First: 'Name' } },
      { One: CUSTOMERS, Two: rows },
    );
    const { rows: read } = await fixture.extract(input, { attributes: ['Name'], segments: ['all'] });
    expect(read).toEqual({ '1': [null], '2': ['Bob'] });
  });

  test('may have no header', async () => {
    const input = await open({ csv: { header: false }, columns: ['Id', 'Name'] }, { One: [['1', 'Ann']] });
    const { rows } = await fixture.extract(input, { attributes: ['Name'], segments: ['all'] });
    expect(rows).toEqual({ '1': ['Ann'] });
  });

  test('has its unusable rows reported with the numbers of the sheet', async () => {
    const rows: Cell[][] = [
      ['Title', null],
      ['Id', 'Name'],
      ['1', 'a\nb'],
      [],
      [null, 'x'],
      ['2', 'c'],
      ['', 'y'],
    ];
    const source = await fixture.open(await open({ csv: { skip: 1 } }, { One: rows }));
    const fault = 'EMPTY KEY';
    expect(await source.check()).toMatchObject({
      profiles: 2,
      unreadable: [
        {
          file: 'p.xlsx',
          lines: 2,
          first: [
            { line: 5, fault },
            { line: 7, fault },
          ],
        },
      ],
    });
    await source.close();
  });

  test.each<[string, () => Promise<SourceInput>, object]>([
    [
      'has no such sheet',
      () => open({ sheet: 'Three' }),
      { code: 'CONFIG_INVALID', message: expect.stringContaining('p.xlsx has no sheet "Three"') },
    ],
    [
      'is something else',
      async () => {
        const input = await open();
        await fixture.write('p.xlsx', 'Id,Name\n1,x\n');
        return input;
      },
      { code: 'SOURCE_MALFORMED', message: expect.stringContaining('could not be read as an .xlsx file') },
    ],
    [
      'is cut off',
      async () => {
        const input = await open();
        await fixture.write('p.xlsx', writeXlsx({ One: CUSTOMERS }).subarray(0, 1_500));
        return input;
      },
      { code: 'SOURCE_MALFORMED' },
    ],
    [
      'is too large to be held in memory',
      async () => {
        const input = await open();
        await fixture.write('p.xlsx', Buffer.alloc(10_000_001));
        return input;
      },
      { code: 'SOURCE_MALFORMED', message: expect.stringContaining('Save it as CSV.') },
    ],
  ])('is refused where it %s', async (_, make, expected) => {
    const source = await fixture.open(await make());
    expect(await errorOf(source.check())).toMatchObject(expected);
    await source.close();
  });
});
