import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { checkSql } from '../../../src/sources/files/segment-sql';

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-sql-'));
  database = await openDatabase({ folder, memoryLimit: '64MB', allow: [] });
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

function check(sql: string) {
  return checkSql(database, { segment: 's', sql }, ['profiles', 'orders']);
}

test.each([
  'WITH a AS (FROM orders), b AS (FROM a) SELECT id FROM b JOIN a USING (id)',
  'WITH a AS (FROM orders) SELECT id FROM profiles WHERE id IN (FROM a) AND EXISTS (WITH b AS (FROM A) FROM b)',
  'WITH a AS (FROM orders) (FROM a UNION SELECT id FROM (FROM a))',
  'WITH RECURSIVE a AS (SELECT id FROM orders UNION ALL SELECT id FROM a) FROM a',
])('names of WITH may be read where they are known: %s', async (sql) => {
  expect((await check(sql)).tables).toContain('orders');
});

test.each([
  [
    'beside the query that it is for',
    "FROM 'x.csv' WHERE EXISTS (WITH \"x.csv\" AS (SELECT 1) FROM 'x.csv')",
  ],
  ['before it is given', 'WITH a AS (FROM "x.csv"), "x.csv" AS (SELECT 1) FROM a'],
  ['in the query that it is given to', 'WITH "x.csv" AS (FROM "x.csv") FROM "x.csv"'],
  [
    'in the first part of a recursive query that it is given to',
    'WITH RECURSIVE "x.csv" AS (FROM "x.csv" UNION ALL FROM "x.csv") FROM "x.csv"',
  ],
])('a name of WITH does not open a file of that name %s', async (_, sql) => {
  await expect(check(sql)).rejects.toMatchObject({
    code: 'SEGMENT_SQL_INVALID',
    message: expect.stringMatching(
      /it reads "x\.csv", which is no table of this source\. .*[^.]\. Correct it in the configuration\.$/,
    ),
  });
});
