import { execFile } from 'node:child_process';
import { rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Fixture, type SourceInput } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
  await fixture.write('in/people.csv', 'id,email\n1,ada@mail.chinook.org\n2,bo@mail.chinook.org\n');
  await fixture.write('in/orders-1.csv', 'person,total\n1,70\n');
  await fixture.write('vip.csv', 'id\n1\n');
});

afterEach(() => fixture.remove());

const PEOPLE = { path: 'in/people.csv', key: 'id' };
const VIP = { members: { path: 'vip.csv', key: 'id' } };
const BUYERS = 'SELECT person FROM orders WHERE total::INTEGER > 50';

const SOURCE: SourceInput = {
  profiles: PEOPLE,
  tables: { orders: { path: 'in/orders-*.csv' } },
  segments: { vip: VIP, buyers: { sql: BUYERS } },
};

async function versionOf(
  input: SourceInput = SOURCE,
  segments: readonly string[] = Object.keys(input.segments),
): Promise<string | undefined> {
  const source = await fixture.open(input);
  try {
    return await source.version?.({ segments });
  } finally {
    await source.close();
  }
}

const withSql = (sql: string): SourceInput => ({ ...SOURCE, segments: { buyers: { sql } } });

test('a version is 64 characters, and the same as long as nothing changes', async () => {
  const version = await versionOf();
  expect(version).toMatch(/^[0-9a-f]{64}$/);
  expect(await versionOf()).toBe(version);
});

test('another process finds the same version', async () => {
  const program = join(__dirname, '../../dev/run-ts.cjs');
  const script = join(__dirname, 'print-version.ts');
  const input = JSON.stringify({ folder: fixture.folder, source: SOURCE });
  const { stdout } = await promisify(execFile)(process.execPath, [program, script, input]);
  expect(stdout).toBe(await versionOf());
});

test.each<[string, () => Promise<unknown>]>([
  ['written again with the same content', () => fixture.write('vip.csv', 'id\n1\n')],
  ['touched', () => utimes(join(fixture.folder, 'vip.csv'), 1, 1)],
  ['replaced by one of the same size', () => replace('vip.csv', 'id\n2\n')],
  ['joined by another one of its pattern', () => fixture.write('in/orders-2.csv', 'person,total\n2,60\n')],
])('it changes when a file is %s', async (_, change) => {
  const before = await versionOf();
  await change();
  expect(await versionOf()).not.toBe(before);
});

async function replace(file: string, content: string): Promise<string> {
  const path = join(fixture.folder, file);
  await rename(await fixture.write('new', content), path);
  return path;
}

test('it changes when a file gets other content of the same size, and its old time back', async () => {
  await utimes(await fixture.write('vip.csv', 'id\n1\n'), 1, 1);
  const before = await versionOf();
  await utimes(await fixture.write('vip.csv', 'id\n2\n'), 1, 1);
  expect(await versionOf()).not.toBe(before);
});

test('it changes when a file of a pattern is removed, or gets another name', async () => {
  await fixture.write('in/orders-2.csv', 'person,total\n2,60\n');
  const both = await versionOf();
  await rename(join(fixture.folder, 'in/orders-2.csv'), join(fixture.folder, 'in/orders-3.csv'));
  const renamed = await versionOf();
  await rm(join(fixture.folder, 'in/orders-3.csv'));
  expect(new Set([both, renamed, await versionOf()]).size).toBe(3);
});

test.each<[string, SourceInput]>([
  ['the SQL of a segment', { ...SOURCE, segments: { vip: VIP, buyers: { sql: `${BUYERS} + 1` } } }],
  ['how CSV is read', { ...SOURCE, profiles: { ...PEOPLE, csv: { nullText: 'NULL' } } }],
  ['the name of a column', { ...SOURCE, profiles: { ...PEOPLE, rename: { email: 'Email' } } }],
  ['the key', { ...SOURCE, profiles: { ...PEOPLE, key: 'email' } }],
  ['where members are', { ...SOURCE, segments: { ...SOURCE.segments, vip: { members: PEOPLE } } }],
])('it changes with %s', async (_, changed) => {
  expect(await versionOf(changed)).not.toBe(await versionOf());
});

test('it is of the segments that are asked for: other segments and their files do not count', async () => {
  const before = await versionOf(SOURCE, ['buyers']);
  await fixture.write('vip.csv', 'id\n2\n');
  const more = { ...SOURCE, segments: { ...SOURCE.segments, north: { sql: 'SELECT id FROM profiles' } } };
  expect(await versionOf(more, ['buyers'])).toBe(before);
  await fixture.write('in/orders-1.csv', 'person,total\n1,71\n');
  expect(await versionOf(SOURCE, ['buyers'])).not.toBe(before);
});

test.each([
  'SELECT id FROM profiles WHERE email > current_date::VARCHAR',
  'SELECT id FROM profiles WHERE email > Now()::VARCHAR',
  'SELECT id FROM profiles WHERE email > ago(INTERVAL 1 DAY)::VARCHAR',
  "SELECT id FROM profiles WHERE age(TIMESTAMP '2020-01-01') > INTERVAL 1 YEAR",
  "SELECT id FROM profiles WHERE email > strftime(current_localtimestamp(), '%c')",
  "SELECT id FROM profiles WHERE current_localtime() > TIME '10:00'",
  'SELECT id FROM (SELECT id, TRY_CAST(email AS TIMESTAMP) AS born FROM profiles) WHERE born.age() < INTERVAL 7 DAY',
  'SELECT id FROM profiles WHERE random() > 0.5',
  'SELECT id FROM profiles USING SAMPLE 10%',
  'WITH few AS (SELECT id FROM profiles TABLESAMPLE 10%) SELECT id FROM few',
])('it is not known where the members can change without a file: %s', async (sql) => {
  expect(await versionOf(withSql(sql))).toBeUndefined();
});

test.each([
  "SELECT id FROM profiles WHERE email > '2026-01-01' AND nullif(email, 'x') IS NOT NULL",
  "SELECT id FROM profiles WHERE age(TIMESTAMP '2020-01-01', TIMESTAMP '2019-01-01') > INTERVAL 1 MONTH",
  'SELECT p.id FROM profiles p JOIN orders o ON o.person = p.id GROUP BY p.id HAVING sum(o.total::INTEGER) > 1',
])('it is known for SQL that reads the files only: %s', async (sql) => {
  expect(await versionOf(withSql(sql))).toBeDefined();
});

test('a file that is missing is an error that names it', async () => {
  await rm(join(fixture.folder, 'vip.csv'));
  await expect(versionOf()).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('vip.csv'),
  });
});
