import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { expressionReads } from '../../../src/staging/plan/expressions';
import { exportAll, match, openStage, rowsOf, type Stage } from '../stage';

const ATTRIBUTES = ['first', 'Last', 'two words', 'address', 'Twin', 'twin'];

describe('an expression of a matching', () => {
  let folder: string;
  let database: Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'expressions-'));
    database = await openDatabase({ folder, memoryLimit: '128MB', allow: [] });
  });
  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const reads = (sql: string) => expressionReads(database, sql, ATTRIBUTES);

  test.each([
    ["first || ' ' || last", ['first', 'Last']],
    ['"two words" -- all of it', ['two words']],
    ["CASE WHEN TRY_CAST(first AS INTEGER) > 3 THEN 'yes' ELSE 'no' END", ['first']],
    ["coalesce(nullif(trim(first), ''), LAST)", ['first', 'Last']],
    ["first IN ('a', 'b') AND last LIKE 'x%'", ['first', 'Last']],
    ["'-'", []],
  ])('%s reads %j', async (sql, expected) => {
    expect(await reads(sql)).toEqual(expected);
  });

  test.each([
    ['(SELECT max(first) FROM x)', 'subquery'],
    ['EXISTS (SELECT 1)', 'subquery'],
    ['row_number() OVER ()', 'window'],
    ['max(first)', 'max is no function that makes one value'],
    ['COLUMNS(*)', 'star'],
    ['$1', 'parameter'],
    ['list_transform([first], lambda x: x)', 'lambda'],
    ['now()', 'now does not give the same value each time'],
    ['random()', 'random does not give the same value each time'],
    ['current_date', 'no attribute "current_date"'],
    ["read_text('/etc/passwd')", 'read_text is no function'],
    ["getenv('HOME')", 'getenv'],
    ["current_setting('temp_directory')", 'current_setting is not allowed'],
    ['error(first)', 'error does not give'],
    ['middle', 'no attribute "middle"'],
    ['first.last', 'no attribute; put a name with a point in double quotes'],
    ['twin', 'may be each of "Twin", "twin"'],
    ['first) FROM x; DROP TABLE x; SELECT (1', 'more than one|not one expression|syntax error|Only SELECT'],
    ['1), (2', 'not one expression'],
    ['1) WHERE (true', 'not one expression|syntax error'],
    ['first ||', 'no function that makes|Binder|No function'],
    ['/* first', 'unterminated|syntax'],
    ['upper(first, 2)', 'upper'],
  ])('%s is refused', async (sql, problem) => {
    await expect(reads(sql)).rejects.toMatchObject({
      code: 'EXPRESSION_INVALID',
      message: expect.stringMatching(new RegExp(problem)),
    });
  });
});

describe('an export with expressions', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage();
  });
  afterEach(() => stage.close());

  test('sends their values as those of attributes, also where attributes have names of ours', async () => {
    const name = "address || ' ' || stripped";
    const number = 'TRY_CAST(years AS INTEGER) * 2';
    const fields = [match(name, 'NAME'), match(number, 'AGE', { type: 'number' }), match('first', 'FNAME')];
    const expressions = [
      { sql: name, reads: ['address', 'stripped'] },
      { sql: number, reads: ['years'] },
    ];
    const profiles = ['21', 'old'].map((years, index) => ({
      key: String(index),
      email: `p${index}@mail.test`,
      address: 'Dr.',
      stripped: "O'Neil",
      first: 'Anna',
      years,
      segments: ['vip'],
    }));
    const { chunks } = await exportAll(stage, profiles, { fields, expressions });
    expect(rowsOf(chunks).map((row) => JSON.parse(row.fields) as unknown)).toEqual([
      { NAME: "Dr. O'Neil", AGE: 42, FNAME: 'Anna' },
      { NAME: "Dr. O'Neil", FNAME: 'Anna' },
    ]);
  });

  test('fails without a word of a row where a value cannot be computed', async () => {
    const sql = 'CAST(first AS INTEGER)';
    const profiles = [{ key: '1', email: 'a@mail.test', first: 'Secret', segments: ['vip'] }];
    const failed = exportAll(stage, profiles, {
      fields: [match(sql, 'AGE', { type: 'number' })],
      expressions: [{ sql, reads: ['first'] }],
    });
    await expect(failed).rejects.toMatchObject({
      code: 'EXPRESSION_INVALID',
      message: expect.stringMatching(/^(?!.*Secret).*TRY_CAST/),
    });
  });
});
