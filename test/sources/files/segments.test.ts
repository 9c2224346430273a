import { mkdir, readdir, rmdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Fixture, type SourceInput, errorOf } from './fixture';

let fixture: Fixture;
const profiles = { path: 'profiles.csv', key: 'id' };
const tables = { orders: { path: 'orders.csv' }, unused: { path: 'broken.csv' } };

beforeEach(async () => {
  fixture = await Fixture.make();
  await fixture.write(
    'profiles.csv',
    'id,email,age,city\n1,a@nordlichtpost.de,30,Bonn\n2,b@nordlichtpost.de,x,Bonn\n3,,50,Ulm\n',
  );
  await fixture.write('orders.csv', 'order,customer,total\n10,1,5.50\n11,1,7\n12,3,100\n13,9,1\n');
  await fixture.write('broken.csv', 'a,b\n1,"never closed\n');
  await fixture.write('secret.csv', 'id\nsecret-of-another-file\n');
});
afterEach(() => fixture.remove());

function select(sql: string) {
  return fixture.extract(
    { profiles, tables, segments: { s: { sql } } },
    { attributes: ['email'], segments: ['s'] },
  );
}

async function refusalOf(sql: string): Promise<string> {
  const error = await errorOf(select(sql));
  expect(error).toMatchObject({
    code: 'SEGMENT_SQL_INVALID',
    message: expect.stringContaining('The SQL of segment "s" was refused'),
  });
  return error.message;
}

describe('A segment in SQL', () => {
  test.each([
    ['profiles by a condition', "SELECT id FROM profiles WHERE city = 'Bonn'", ['1', '2']],
    [
      'profiles by what other tables say',
      'SELECT customer FROM orders GROUP BY customer HAVING sum(total::DECIMAL(9, 2)) > 10',
      ['1', '3'],
    ],
    ['each profile once', 'SELECT customer, total FROM orders', ['1', '3']],
    ['profiles by all columns', 'SELECT * FROM profiles WHERE email IS NULL;', ['3']],
    ['profiles by columns of any pattern', "SELECT id FROM profiles WHERE COLUMNS('ci.*') = 'Ulm'", ['3']],
    [
      'profiles by a natural join',
      'SELECT id FROM profiles NATURAL JOIN (SELECT customer AS id FROM orders)',
      ['1', '3'],
    ],
    [
      'profiles by common table expressions',
      'WITH big AS (SELECT customer FROM orders WHERE total::DOUBLE > 50), profiles_of AS (FROM profiles) SELECT id FROM profiles_of JOIN big ON customer = id',
      ['3'],
    ],
    [
      'profiles by a subquery, sets and comments',
      "SELECT id FROM Profiles WHERE EXISTS (FROM orders WHERE customer = id) EXCEPT SELECT '3' -- not this one",
      ['1'],
    ],
    ['profiles by numbers as keys', 'SELECT unnest([1, 2, 77])', ['1', '2']],
    ['profiles by the table itself', 'FROM profiles', ['1', '2', '3']],
    [
      'profiles by columns with one name',
      'SELECT p.id, o.* FROM profiles p JOIN orders o ON o.customer = p.id JOIN orders q ON q.customer = p.id',
      ['1', '3'],
    ],
    [
      'profiles by unpivoted columns',
      "SELECT id FROM (UNPIVOT profiles ON age, city INTO NAME n VALUE v) WHERE v = 'Ulm'",
      ['3'],
    ],
    [
      'profiles by a value cast where it can be',
      'SELECT id FROM profiles WHERE TRY_CAST(age AS INTEGER) > 40',
      ['3'],
    ],
    ['nobody', 'SELECT id FROM profiles WHERE false', []],
  ])('selects %s', async (_, sql, keys) => {
    expect((await select(sql)).keys).toEqual([keys]);
  });

  test('reads no table that it does not name', async () => {
    const extracted = await select('SELECT customer FROM orders');
    expect(extracted).toMatchObject({ members: [2], unmatched: [{ keys: 1 }], unreadable: [] });
    const source = await fixture.open({ profiles, tables, segments: {} });
    expect(await errorOf(source.check())).toMatchObject({ code: 'SOURCE_MALFORMED' });
    await source.close();
  });

  test('may read tables that are called like ours', async () => {
    const names = Object.fromEntries(
      ['pairs', 'selected', 'own', 'segment_members'].map((name) => [name, tables.orders]),
    );
    const union = Object.keys(names)
      .map((name) => `SELECT customer FROM ${name}`)
      .join(' INTERSECT ');
    const segments = { first: { sql: union }, second: { sql: union } };
    const extracted = await fixture.extract(
      { profiles, tables: names, segments },
      { attributes: [], segments: ['first', 'second'] },
    );
    expect(extracted.keys).toEqual([
      ['1', '3'],
      ['1', '3'],
    ]);
  });

  test('counts NULL among the rows that name no profile', async () => {
    expect(await select("VALUES ('1'), (NULL), ('1'), ('4')")).toMatchObject({
      members: [1],
      unmatched: [{ keys: 2, values: 0 }],
    });
  });

  test('tells the keys that no profile has, also blank ones', async () => {
    const extracted = await select("VALUES ('1'), (NULL), (' '), ('4'), (' 4'), ('02'), ('3.0')");
    expect(extracted.unmatched).toEqual([{ keys: 6, values: 0 }]);
    expect(await fixture.readUnmatched(extracted)).toEqual([
      [0, '02', 1, true],
      [0, '3.0', 1, true],
      [0, '4', 2, false],
      [0, null, 2, false],
    ]);
  });

  test.each([
    ['a file as a table', "SELECT * FROM 'secret.csv'"],
    ['a quoted file as a table', 'SELECT * FROM "secret.csv"'],
    ['a configured file as a table', 'SELECT * FROM "profiles.csv"'],
    ['read_csv', "SELECT * FROM read_csv('/etc/passwd')"],
    [
      'read_csv in a subquery',
      "SELECT id FROM profiles WHERE id IN (SELECT column0 FROM read_csv('secret.csv'))",
    ],
    ['read_csv in a common table expression', "WITH x AS (FROM read_csv('secret.csv')) SELECT id FROM x"],
    ['read_csv in a lateral join', "SELECT p.id FROM profiles p, LATERAL (FROM read_csv('secret.csv'))"],
    [
      'read_csv in a condition of a join',
      "SELECT id FROM profiles JOIN orders ON customer = (SELECT max(id) FROM read_csv('secret.csv'))",
    ],
    [
      'read_csv in ORDER BY',
      "SELECT id FROM profiles ORDER BY (SELECT count(*) FROM read_csv('secret.csv'))",
    ],
    ['read_text', "SELECT content FROM read_text('/etc/passwd')"],
    ['read_blob', "SELECT content FROM read_blob('/etc/passwd')"],
    ['read_json', "FROM read_json('/etc/passwd')"],
    ['read_parquet', "FROM read_parquet('x.parquet')"],
    ['sniff_csv', "FROM sniff_csv('secret.csv')"],
    ['glob', "FROM glob('*')"],
    ['a query made of text', "FROM query('SELECT 1')"],
    ['a table named by text', "FROM query_table('profiles')"],
    ['settings', 'FROM duckdb_settings()'],
    ['secrets', 'FROM duckdb_secrets()'],
    ['a pragma as a function', "FROM pragma_table_info('profiles')"],
    ['the catalogue', 'SELECT table_name FROM information_schema.tables'],
    ['a table of ours', 'SELECT segment FROM own.pairs'],
    ['unreadable lines', 'SELECT csv_line FROM reject_errors'],
    ['SQLite’s catalogue', 'FROM sqlite_master'],
    ['an environment variable', "SELECT getenv('HOME')"],
    ['the network', "FROM 'https://127.0.0.1:1/x.csv'"],
  ])('cannot read %s', async (_, sql) => {
    const message = await refusalOf(sql);
    expect(message).not.toMatch(/secret-of-another|root:/);
  });

  test.each([
    ['COPY', "COPY profiles TO 'x.csv'"],
    ['ATTACH', "ATTACH 'x.db'"],
    ['INSTALL', 'INSTALL httpfs'],
    ['LOAD', 'LOAD httpfs'],
    ['PRAGMA', 'PRAGMA database_list'],
    ['SET', "SET memory_limit = '8GB'"],
    ['CALL', 'CALL pragma_version()'],
    ['EXPORT', "EXPORT DATABASE 'x'"],
    ['CREATE', 'CREATE TABLE x AS SELECT 1'],
    ['INSERT', 'INSERT INTO profiles VALUES (1)'],
    ['DELETE', 'DELETE FROM profiles'],
    ['EXPLAIN', 'EXPLAIN SELECT 1'],
  ])('cannot be a %s', async (_, sql) => {
    expect(await refusalOf(sql)).toContain('only a SELECT is allowed');
    expect(await readdir(fixture.folder)).not.toContain('x.csv');
  });

  test.each([
    ['more than one statement', 'SELECT id FROM profiles; SELECT 1', 'more than one statement'],
    [
      'a second statement that writes',
      "SELECT id FROM profiles; COPY profiles TO 'x.csv'",
      'only a SELECT is allowed',
    ],
    ['no statement', ' -- nothing', 'it is empty'],
    ['wrong syntax', 'SELECT id FORM profiles', 'syntax error at or near "profiles"'],
    ['a column that is not there', 'SELECT idd FROM profiles', 'Referenced column "idd" not found'],
    ['a table that is not there', 'SELECT id FROM order', 'syntax error'],
    [
      'a table that is misspelt',
      'SELECT customer FROM ordres',
      'Did you mean "orders"? Available: profiles, orders, unused.',
    ],
    [
      'a function that is not there',
      'SELECT idd(id) FROM profiles',
      'Scalar Function with name idd does not exist',
    ],
    ['a number made of text', 'SELECT id FROM profiles WHERE age > 40', 'an explicit cast is required'],
    ['a parameter', 'SELECT $1', 'it has a parameter'],
    ['DESCRIBE', 'DESCRIBE profiles', 'name no profiles'],
  ])('is refused for %s, with what is wrong', async (_, sql, text) => {
    expect(await refusalOf(sql)).toContain(text);
  });

  test('is refused for a value that does not fit, without the value', async () => {
    await fixture.write('profiles.csv', 'id,email,age,city\n1,a@nordlichtpost.de,private,Bonn\n');
    const message = await refusalOf('SELECT id FROM profiles WHERE CAST(age AS INTEGER) > 40');
    expect(message).toContain('TRY_CAST');
    expect(message).not.toContain('private');
    expect(await refusalOf('SELECT error(age) FROM profiles')).not.toContain('private');
    // A text of the SQL's own is no reason of ours.
    expect(await refusalOf("SELECT error('No space left on device')")).toContain('Invalid Input Error');
  });
});

describe('Segments by membership files', () => {
  beforeEach(async () => {
    await fixture.write('members.csv', 'Segment,who\nvip,1\nVIP,2\nnew,1\nnew,3\nnew,8\n');
    await fixture.write('one.csv', 'who\n2\n');
  });

  test('come from one file or several, by a value that is case-sensitive', async () => {
    const members = { path: 'members.csv', key: 'who', segment: 'Segment' };
    const segments: SourceInput['segments'] = {
      vip: { members },
      loud: { members: { ...members, value: 'VIP' } },
      everybody: { members: { path: 'members.csv', key: 'who' } },
      one: { members: { path: 'one.csv', key: 'who' } },
      again: { members: { ...members, value: 'vip' } },
    };
    const request = { attributes: [], segments: ['again', 'one', 'everybody', 'loud', 'vip'] };
    const extracted = await fixture.extract({ profiles, segments }, request);
    expect(extracted.keys).toEqual([['1'], ['2'], ['1', '2', '3'], ['2'], ['1']]);
    expect(extracted).toMatchObject({
      members: [1, 1, 3, 1, 1],
      selected: 3,
      unmatched: [
        { keys: 0, values: 3 },
        { keys: 0, values: 0 },
        { keys: 1, values: 0 },
        { keys: 0, values: 3 },
        { keys: 0, values: 3 },
      ],
    });
  });

  test('come from lists of segments too, in which only what is asked for counts', async () => {
    await fixture.write(
      'lists.ndjson',
      '{"who":"1","in":["vip","new"]}\n{"who":"2","in":{"Segments":["new","old"]}}\n',
    );
    await fixture.write(
      'lists.csv',
      'who,in\n1,"[""vip"", ""new""]"\n2,"{""Segments"":[""new""]}"\n3,\n9,"[""new""]"\n',
    );
    for (const path of ['lists.csv', 'lists.ndjson']) {
      const list = { members: { path, key: 'who', segments: 'in' } };
      const request = { attributes: [], segments: ['vip', 'new'] };
      const extracted = await fixture.extract({ profiles, segments: { vip: list, new: list } }, request);
      expect(extracted.keys).toEqual([['1'], ['1', '2']]);
      expect(extracted.unmatched).toMatchObject([{ values: 0 }, { values: 0 }]);
    }
  });

  test('name either a column of segments or one of lists', () => {
    const members = { path: 'members.csv', key: 'who', segment: 'Segment', segments: 'in' };
    expect(() => fixture.open({ profiles, segments: { vip: { members } } })).toThrow('exclude each other');
  });

  test('take keys and values without blanks at both ends, in profiles too', async () => {
    await fixture.write(
      'profiles.csv',
      'id,email,age,city\n 1,a@mail.test,,\n"2\t",b@mail.test,,\n3,c@mail.test,,\n',
    );
    await fixture.write('members.csv', 'Segment,who\n vip,1\nvip ,2 \n"vip\t",\u00A03\u200B\n');
    const segments = {
      vip: { members: { path: 'members.csv', key: 'who', segment: 'Segment', value: ' vip' } },
      sql: { sql: "SELECT who || ' ' FROM members" },
    };
    const tables = { members: { path: 'members.csv' } };
    const extracted = await fixture.extract(
      { profiles, tables, segments },
      { attributes: [], segments: ['vip', 'sql'] },
    );
    expect(extracted.keys).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
    expect(extracted.unmatched).toEqual([
      { keys: 0, values: 0 },
      { keys: 0, values: 0 },
    ]);
  });

  test('do not count the values of segments that are not requested among those that no segment asks for', async () => {
    const members = { path: 'members.csv', key: 'who', segment: 'Segment' };
    const segments = { vip: { members }, new: { members } };
    const { unmatched } = await fixture.extract(
      { profiles, segments },
      { attributes: [], segments: ['vip'] },
    );
    expect(unmatched).toEqual([{ keys: 0, values: 1 }]);
  });

  test('may lie in the file of profiles itself', async () => {
    const segments = {
      bonn: { members: { path: 'profiles.csv', key: 'id', segment: 'city', value: 'Bonn' } },
    };
    expect(
      (await fixture.extract({ profiles, segments }, { attributes: [], segments: ['bonn'] })).keys,
    ).toEqual([['1', '2']]);
  });

  test('have their unreadable lines counted once though two segments lie in the file', async () => {
    await fixture.write('members.csv', 'Segment,who\nvip,1\nvip\nnew,3\n');
    const members = { path: 'members.csv', key: 'who', segment: 'Segment' };
    const segments = {
      vip: { members },
      new: { members },
      all: { members: { path: 'members.csv', key: 'who' } },
    };
    const { unreadable } = await fixture.extract(
      { profiles, segments },
      { attributes: [], segments: ['vip', 'new', 'all'] },
    );
    expect(unreadable).toEqual([
      { file: 'members.csv', lines: 1, first: [{ line: 3, fault: 'MISSING COLUMNS' }] },
    ]);
  });

  test.each([
    [{ path: 'members.csv', key: 'id' }, 'members of s: there is no column "id"'],
    [{ path: 'members.csv', key: 'who', segment: 'segment' }, 'Did you mean "Segment"?'],
  ])('are refused where a column is not there', async (members, text) => {
    const extracted = fixture.extract(
      { profiles, segments: { s: { members } } },
      { attributes: [], segments: ['s'] },
    );
    expect(await errorOf(extracted)).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining(text),
    });
  });
});

async function digestOf(segment: SourceInput['segments'][string]): Promise<string | undefined> {
  const source = await fixture.open({ profiles, segments: { s: segment } });
  const { segments } = await source.describe();
  await source.close();
  return segments[0]?.digest;
}

describe('The digest of a segment', () => {
  test('has 16 hexadecimal digits and stays when only the display name changes', async () => {
    const digest = await digestOf({ sql: 'SELECT 1' });
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(await digestOf({ sql: 'SELECT 1', name: 'One' })).toBe(digest);
    expect(await digestOf({ sql: 'SELECT 2' })).not.toBe(digest);
  });

  test('of a membership does not depend on the order of the keys, but on the value', async () => {
    const digest = await digestOf({ members: { path: 'm.csv', key: 'k', segment: 'x' } });
    expect(await digestOf({ members: { segment: 'x', key: 'k', path: 'm.csv', value: 's' } })).toBe(digest);
    expect(await digestOf({ members: { path: 'm.csv', key: 'k', segment: 'x', value: 'S' } })).not.toBe(
      digest,
    );
    expect(await digestOf({ members: { path: 'n.csv', key: 'k', segment: 'x' } })).not.toBe(digest);
  });
});

test('A further table cannot be called profiles', async () => {
  const opened = fixture.open({ profiles, tables: { profiles: { path: 'x.csv' } }, segments: {} });
  expect(await errorOf(opened)).toMatchObject({ code: 'CONFIG_INVALID' });
});

test('What a killed process left in scratch a day ago is swept away', async () => {
  await mkdir(join(fixture.scratch, 'source-dead'), { recursive: true });
  await mkdir(join(fixture.scratch, 'source-live'));
  await utimes(join(fixture.scratch, 'source-dead'), 1, 1);
  const source = await fixture.open({ profiles, segments: {} });
  expect(await readdir(fixture.scratch)).toEqual(['source-live']);
  await source.close();
  await rmdir(join(fixture.scratch, 'source-live'));
});
