import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Fixture, type SourceInput } from './fixture';

/** Files as other programs write them; all data is invented. */
const CASES = join(__dirname, 'cases');

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

const NO_VALUES = [
  'NULL',
  'null',
  String.raw`\N`,
  'nan',
  'NaN',
  'None',
  'N/A',
  '(null)',
  '#N/A',
  '<NA>',
  'undefined',
];

interface Case {
  readonly what: string;
  readonly file: string;
  readonly csv?: NonNullable<SourceInput['profiles']['csv']>;
  readonly attributes: readonly string[];
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
}

const cases: readonly Case[] = [
  {
    what: 'rows that were emptied in Excel',
    file: 'blank-rows.csv',
    attributes: ['First'],
    rows: { '1': ['Ann'], '2': ['Bob'] },
  },
  {
    what: "Excel's CSV on Windows",
    file: 'cp1252.csv',
    csv: { delimiter: ';', encoding: 'latin-1' },
    attributes: ['First'],
    rows: { '1': ['Zoë O’Brien'], '2': ['Šárka'], '3': ['Jürgen'] },
  },
  {
    what: 'two columns of one name',
    file: 'dup-header.csv',
    attributes: ['First', 'Email'],
    rows: { '1': ['Ann', 'ann@kunden-muster.org'] },
  },
  {
    what: 'two files joined, with other line breaks',
    file: 'mixed-line-ends.csv',
    attributes: ['First'],
    rows: { '1': ['Ann'], '2': ['Bob'], '3': ['Cy'] },
  },
  {
    what: 'a first line for Excel',
    file: 'preamble.csv',
    csv: { delimiter: ';' },
    attributes: ['First'],
    rows: { '1': ['Ann'] },
  },
  {
    what: 'many texts for no value, and a person called Null',
    file: 'null-texts.csv',
    csv: { nullText: NO_VALUES },
    attributes: ['First', 'Last'],
    rows: {
      '1': [null, 'Null'],
      ...Object.fromEntries([2, 3, 4, 5, 6, 7].map((key) => [key, [null, null]])),
      '8': ['Christopher', 'Null'],
    },
  },
];

test.each(cases)('A file with $what is read', async ({ file, csv, attributes, rows }) => {
  await copyFile(join(CASES, file), join(fixture.folder, file));
  const profiles = { path: file, key: 'Id', ...(csv && { csv }) };
  const extracted = await fixture.extract(
    { profiles, segments: { all: { sql: 'SELECT "Id" FROM profiles' } } },
    { attributes, segments: ['all'] },
  );
  expect(extracted).toMatchObject({ unreadable: [], profiles: Object.keys(rows).length });
  expect(extracted.rows).toEqual(rows);
});

describe('Parquet files of other programs', () => {
  test.each(['types.parquet', 'types-int96.parquet', 'types-zstd.parquet'])(
    'give their values as text: %s',
    async (file) => {
      for (const name of [file, 'types-members.parquet']) {
        await copyFile(join(CASES, name), join(fixture.folder, name));
      }
      const extracted = await fixture.extract(
        {
          profiles: { path: file, key: 'id_dec' },
          segments: { members: { members: { path: 'types-members.parquet', key: 'id' } } },
        },
        {
          attributes: ['id_big', 'id_dec2', 'Joined_ts', 'Spent_dec', 'Bool', 'Addr', 'List', 'Cat', 'Email'],
          segments: ['members'],
        },
      );
      expect(extracted).toMatchObject({ members: [3], unmatched: [{ keys: 0, values: 0 }] });
      expect(extracted.rows['1']).toEqual([
        '9007199254740993',
        '1.00',
        '2024-01-05 00:00:00',
        '1234.50',
        'true',
        '{"city":"Bern","zip":"3000"}',
        '["x","y"]',
        'vip',
        'a@kunden-muster.org',
      ]);
    },
  );
});
