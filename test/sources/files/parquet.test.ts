import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceCheck } from '../../../src/ports/source';
import { Fixture, errorOf } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

function write(file: string, select: string): Promise<void> {
  return fixture.sql(`COPY (${select}) TO '${fixture.folder}/${file}' (FORMAT parquet)`);
}

const all = { all: { sql: 'SELECT k FROM profiles' } };

describe('A table of several Parquet files', () => {
  test('keeps the text of each file, whatever the types of the others are', async () => {
    await write('p1.parquet', 'SELECT 1::BIGINT AS k, 7::INTEGER AS a, 1.5::DOUBLE AS b');
    await write('p2.parquet', `SELECT '007' AS k, '007' AS a, '1e3' AS b`);
    await write('p3.parquet', `SELECT 1.50::DECIMAL(9, 2) AS b, 9007199254740993 AS a, '3' AS k`);
    await write('p4.parquet', `SELECT 4::UTINYINT AS k, {'x': [1]} AS a, DATE '2026-01-31' AS b`);
    await write(
      'p5.parquet',
      `SELECT '5' AS k, 1234567890123456789012345678901234567.8::DECIMAL(38, 1) AS a, true AS b`,
    );
    const input = { profiles: { path: 'p*.parquet', key: 'k' }, segments: all };
    const { rows } = await fixture.extract(input, { attributes: ['a', 'b'], segments: ['all'] });
    expect(rows).toEqual({
      '1': ['7', '1.5'],
      '007': ['007', '1e3'],
      '3': ['9007199254740993', '1.50'],
      '4': ['{"x":[1]}', '2026-01-31'],
      '5': ['1234567890123456789012345678901234567.8', 'true'],
    });
  });

  test('gives the keys of members as text of their own file too', async () => {
    await fixture.write('p.csv', 'k\n007\n8\n');
    await write('m1.parquet', 'SELECT 8 AS k');
    await write('m2.parquet', `SELECT '007' AS k`);
    const segments = { both: { members: { path: 'm*.parquet', key: 'k' } } };
    const extracted = await fixture.extract(
      { profiles: { path: 'p.csv', key: 'k' }, segments },
      { attributes: [], segments: ['both'] },
    );
    expect(extracted).toMatchObject({ keys: [['007', '8']], unmatched: [{ keys: 0, values: 0 }] });
  });

  test('finds rows without a key in the file that has them', async () => {
    await write('p1.parquet', 'SELECT 1 AS k');
    await write('p2.parquet', `SELECT unnest(['2', '', '3', ' ']) AS k`);
    const source = await fixture.open({ profiles: { path: 'p*.parquet', key: 'k' }, segments: all });
    const fault = 'EMPTY KEY';
    expect(await source.check()).toMatchObject({
      profiles: 3,
      unreadable: [
        {
          file: 'p2.parquet',
          lines: 2,
          first: [
            { line: 2, fault },
            { line: 4, fault },
          ],
        },
      ],
    });
    await source.close();
  });

  test.each([
    ['lacks one', 'SELECT 2 AS k', 'p1.parquet has the column "b", and p2.parquet has not.'],
    [
      'has one more',
      'SELECT 2 AS k, 1 AS b, 1 AS c',
      'p2.parquet has the column "c", and p1.parquet has not.',
    ],
    ['has another', 'SELECT 2 AS k, 1 AS c', 'p1.parquet has the column "b", and p2.parquet has not.'],
    [
      'has one that is called like a person',
      'SELECT 2 AS k, 1 AS b, 1 AS "ann@nordlichtpost.de"',
      'p2.parquet has a column, and p1.parquet has not.',
    ],
  ])('is refused where a file %s of the columns', async (_, second, text) => {
    await write('p1.parquet', 'SELECT 1 AS k, 1 AS b');
    await write('p2.parquet', second);
    const source = await fixture.open({ profiles: { path: 'p*.parquet', key: 'k' }, segments: all });
    for (const call of [() => source.describe(), () => source.check()]) {
      expect(await errorOf(call())).toMatchObject({
        code: 'SOURCE_MALFORMED',
        message: expect.stringContaining(`profiles: the files differ in their columns. ${text}`),
      });
    }
    await source.close();
  });
});

test.each<[string, readonly string[]]>([
  [
    'numbers, texts and decimals',
    ['SELECT 1 AS k, 1 AS b', `SELECT '01' AS k, 'x' AS b`, 'SELECT 1.0 AS k, 2.50 AS b'],
  ],
  ['keys that are repeated once they are text', [`SELECT '1' AS k`, 'SELECT 1 AS k']],
  ['rows without keys', [`SELECT NULL::VARCHAR AS k`, 'SELECT 1 AS k']],
  ['other columns', ['SELECT 1 AS k', 'SELECT 1 AS k, 2 AS b']],
  ['nested values beside texts', [`SELECT 1 AS k, [1] AS b`, `SELECT 2 AS k, 'x' AS b`]],
])('A check and an export agree on Parquet files with %s', async (_, files) => {
  for (const [index, select] of files.entries()) await write(`p${index}.parquet`, select);
  await write('m.parquet', `SELECT unnest(['1', '01', '9']) AS k`);
  const segments = { ...all, some: { members: { path: 'm.parquet', key: 'k' } } };
  const input = { profiles: { path: 'p*.parquet', key: 'k' }, segments };
  const source = await fixture.open(input);
  const { profiles, members, unreadable, attributes } = await source.check().catch((error: Error) => ({
    profiles: error.message,
    members: [] as SourceCheck['members'],
    unreadable: [],
    attributes: [],
  }));
  await source.close();
  const extracted = await fixture
    .extract(input, { attributes, segments: ['all', 'some'] })
    .catch((error: Error) => ({ profiles: error.message, members: [], unreadable: [], unmatched: [] }));
  expect(extracted).toMatchObject({
    profiles,
    members: members.map((member) => member.profiles),
    unmatched: members.map((member) => member.unmatched),
    unreadable,
  });
});
