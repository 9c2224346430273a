import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigSchema } from '../../../src/config/config';
import type { OpenSource } from '../../../src/ports/source';
import { errorOf } from '../files/fixture';
import { Fixture, type SqlInput, csv } from './fixture';

let fixture: Fixture;
const open: OpenSource[] = [];

beforeEach(async () => {
  fixture = await Fixture.make();
  await fixture.write('customers.csv', [
    ['id', 'email', 'country_id', 'secret'],
    ['c1', 'ann@nordlichtpost.de', 'no', 'x'],
    ['c2', 'bob@nordlichtpost.de', 'de', 'x'],
    ['c3', 'cem@nordlichtpost.de', null, 'x'],
  ]);
  await fixture.write('countries.csv', [
    ['code', 'name'],
    ['no', 'Norway'],
    ['de', 'Germany'],
  ]);
  await fixture.lake.publish([
    {
      name: 'Order',
      columns: ['Customer', ['Total', 'double'], ['At', 'dateTime']],
      partitions: [
        csv([
          ['c1', '1E2', '2026-01-31T10:00:00.0000000Z'],
          ['c2', '5', '2026-02-01T10:00:00.0000000Z'],
          ['gone', '900', null],
        ]),
      ],
    },
  ]);
});

afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
  await fixture.remove();
});

async function openSource(input: SqlInput): Promise<OpenSource> {
  const source = await fixture.open(input);
  open.push(source);
  return source;
}

const TABLES: SqlInput['tables'] = {
  customers: { kind: 'files', path: 'customers.csv' },
  countries: { kind: 'files', path: 'countries.csv' },
  orders: { kind: 'cdm', root: 'root', table: 'Order' },
};
const WITH_COUNTRY = `
  SELECT c.id, c.email, n.name AS country, sum(CAST(o.Total AS DOUBLE)) AS spent, max(o.At) AS latest
  FROM customers c LEFT JOIN countries n ON n.code = c.country_id LEFT JOIN orders o ON o.Customer = c.id GROUP BY ALL`;
const BIG = {
  sql: 'SELECT Customer FROM orders JOIN profiles ON id = Customer WHERE CAST(Total AS DOUBLE) > 40',
};

function shop(more: Partial<SqlInput> = {}): SqlInput {
  return {
    tables: TABLES,
    profiles: { sql: WITH_COUNTRY, key: 'id' },
    segments: { big: BIG, everyone: { sql: 'SELECT id FROM profiles' } },
    ...more,
  };
}

describe('profiles that are SQL', () => {
  test('its columns are the attributes, with their values over tables of two kinds', async () => {
    const source = await openSource(shop());
    const { attributes } = await source.describe();
    expect(attributes).toEqual(['id', 'email', 'country', 'spent', 'latest']);
    const { rows, members } = await fixture.extract(source, {
      attributes: ['email', 'country', 'spent', 'latest'],
      segments: ['everyone', 'big'],
    });
    expect(members).toEqual([3, 1]);
    expect(rows).toEqual({
      c1: ['11', 'ann@nordlichtpost.de', 'Norway', '100.0', '2026-01-31T10:00:00Z'],
      c2: ['10', 'bob@nordlichtpost.de', 'Germany', '5.0', '2026-02-01T10:00:00Z'],
      c3: ['10', 'cem@nordlichtpost.de', null, null, null],
    });
  });

  test('a source of files may have them too, over its tables', async () => {
    const source = await fixture.openAny({
      kind: 'files',
      tables: { customers: { path: 'customers.csv' }, countries: { path: 'countries.csv' } },
      profiles: {
        sql: 'SELECT c.*, n.name AS country FROM customers c LEFT JOIN countries n ON n.code = c.country_id',
        key: 'id',
      },
      segments: {
        north: { sql: "SELECT id FROM profiles WHERE country = 'Norway'" },
        listed: { members: { path: 'customers.csv', key: 'id' } },
      },
    });
    open.push(source);
    const { rows } = await fixture.extract(source, {
      attributes: ['country'],
      segments: ['north', 'listed'],
    });
    expect(rows).toEqual({ c1: ['11', 'Norway'], c2: ['01', 'Germany'], c3: ['01', null] });
    expect(await source.check()).toMatchObject({ profiles: 3, unreadable: [] });
    expect(await source.findProblems()).toEqual([]);
  });

  test('rows without a key are counted, and a key in two rows is refused', async () => {
    const source = await openSource(
      shop({ profiles: { sql: 'SELECT country_id AS id, email FROM customers', key: 'id' } }),
    );
    const { profiles, unreadable } = await source.check();
    expect(profiles).toBe(2);
    expect(unreadable).toEqual([{ file: 'profiles (rows whose "id" is empty)', lines: 1, first: [] }]);
    const joined = await openSource(
      shop({ profiles: { sql: 'SELECT id, Total FROM customers, orders', key: 'id' } }),
    );
    expect(await errorOf(joined.check())).toMatchObject({ code: 'SOURCE_KEY_NOT_UNIQUE' });
  });

  test.each([
    ['reads a file', "SELECT * FROM read_csv('/etc/passwd')", /calls read_csv\(\)/],
    ['reads itself', 'SELECT * FROM profiles', /"profiles", which is no table of this source/],
    ['writes', 'DELETE FROM customers', /only a SELECT is allowed/],
    ['names a column that is not there', 'SELECT nothing FROM customers', /"nothing"/],
    ['fails on a value', 'SELECT id, CAST(email AS INTEGER) AS n FROM customers', /convert with TRY_CAST/],
  ])('SQL that %s is refused without a value of a row', async (_, sql, message) => {
    const source = await openSource(shop({ profiles: { sql, key: 'id' } }));
    const error = await errorOf(fixture.extract(source, { attributes: ['n'], segments: ['everyone'] }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
    expect(error.message).toMatch(/^The SQL of the profiles was refused: /);
    expect(error.message).not.toContain('nordlichtpost');
  });

  test('SQL that cannot run is found before an export', async () => {
    const source = await openSource(shop({ profiles: { sql: 'SELECT nothing FROM customers', key: 'id' } }));
    const problems = await source.findProblems();
    expect(problems.map(({ at, error }) => [at, error.code])).toEqual([['profiles', 'CONFIG_INVALID']]);
  });

  test('an attribute that it does not have is refused by name', async () => {
    const source = await openSource(shop());
    expect(
      await errorOf(fixture.extract(source, { attributes: ['contry'], segments: ['big'] })),
    ).toMatchObject({
      code: 'ATTRIBUTE_NOT_FOUND',
      message: expect.stringContaining('Did you mean "country"?'),
    });
  });
});

describe('findProblems', () => {
  test('names each table, the profiles and each segment, and goes on after each problem', async () => {
    const source = await openSource({
      tables: {
        ...TABLES,
        gone: { kind: 'files', path: 'gone.csv' },
        lost: { kind: 'cdm', root: 'root', table: 'Lost' },
      },
      profiles: { table: 'customers', key: 'Id' },
      segments: {
        a: { sql: 'SELECT nothing FROM orders' },
        b: { members: { table: 'orders', key: 'Person' } },
        fine: { sql: 'SELECT Customer FROM orders' },
        of_gone: { sql: 'SELECT x FROM gone' },
      },
    });
    const problems = await source.findProblems();
    expect(problems.map(({ at, error }) => [at, error.code])).toEqual([
      ['tables.gone', 'SOURCE_UNREADABLE'],
      ['tables.lost', 'SOURCE_UNREADABLE'],
      ['profiles', 'SOURCE_MALFORMED'],
      ['segments.b', 'SOURCE_MALFORMED'],
      ['segments.a', 'SEGMENT_SQL_INVALID'],
    ]);
  });

  test('a table that the configuration does not have is refused by the schema, with its place', () => {
    const sources = {
      shop: {
        kind: 'sql',
        tables: TABLES,
        profiles: { table: 'customer', key: 'id' },
        segments: { vip: { members: { table: 'vips', key: 'id' } } },
      },
    };
    const { error } = ConfigSchema.safeParse({ accounts: {}, sources });
    expect(error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['sources.shop.profiles.table', 'there is no table "customer" in tables'],
      ['sources.shop.segments.vip.members.table', 'there is no table "vips" in tables'],
    ]);
  });
});

/** All that is read changes: a file is replaced, and the model is published again. */
async function replaceAll(times: number): Promise<void> {
  await fixture.write('next.csv', [
    ['code', 'name'],
    ['no', `Norge ${times}`],
  ]);
  await rename(join(fixture.folder, 'next.csv'), join(fixture.folder, 'countries.csv'));
  const partitions = [csv([['c1', String(times), null]])];
  await fixture.lake.publish(
    [{ name: 'Order', columns: ['Customer', ['Total', 'double'], 'At'], partitions }],
    { date: `2026/11/${23 + times}/0200` },
  );
}

describe('a reading', () => {
  test('opens only the tables that its SQL reads', async () => {
    await rm(join(fixture.folder, 'countries.csv'));
    const source = await openSource(shop({ profiles: { table: 'customers', key: 'id' } }));
    const { members } = await fixture.extract(source, { attributes: ['email'], segments: ['big'] });
    expect(members).toEqual([1]);
    expect(await errorOf(source.check())).toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  test('counts lines of any table that cannot be read', async () => {
    await writeFile(join(fixture.folder, 'countries.csv'), 'code,name\nno,Norway\nde\n');
    const source = await openSource(shop());
    const { unreadable } = await source.check();
    expect(unreadable).toEqual([
      { file: 'countries.csv', lines: 1, first: [{ line: 3, fault: 'MISSING COLUMNS' }] },
    ]);
  });

  // So that it takes long enough to be met in its middle.
  const SLOW = {
    sql: 'SELECT id FROM profiles WHERE (SELECT count(*) FROM range(50000000) r(n) WHERE n % 7 = 8) = 0',
  };
  const readAll = async () =>
    fixture.extract(await openSource(shop({ segments: { everyone: SLOW } })), {
      attributes: ['country', 'spent'],
      segments: ['everyone'],
    });

  test('in whose middle its files and its model are replaced is read again: all rows are of one state', async () => {
    const replaced = fixture.lake.during(1, replaceAll);
    expect((await readAll()).rows).toEqual({
      c1: ['1', 'Norge 1', '1.0'],
      c2: ['1', null, null],
      c3: ['1', null, null],
    });
    await replaced;
  });

  test('in whose middle they are replaced each time is refused, and nothing of it is used', async () => {
    const replaced = fixture.lake.during(3, replaceAll);
    expect(await errorOf(readAll())).toMatchObject({ code: 'SOURCE_UNREADABLE' });
    await replaced;
  });

  test('that is cancelled ends, and leaves nothing', async () => {
    const sql = 'SELECT count(*)::VARCHAR AS id FROM range(1000000) a, range(1000000) b WHERE hash(a, b) = 0';
    const source = await openSource(shop({ profiles: { sql, key: 'id' } }));
    const stop = new AbortController();
    const reading = errorOf(source.check({ signal: stop.signal }));
    setTimeout(() => stop.abort(), 500);
    await reading;
    // The statement itself would take years; `remove` looks for what was left.
    expect(stop.signal.aborted).toBe(true);
  });
});

const versionOf = (source: OpenSource) => source.version!({ segments: ['everyone', 'big'] });

describe('the version', () => {
  test('is another one when a file, the model or SQL is another one', async () => {
    const source = await openSource(shop());
    const first = await versionOf(source);
    expect(await versionOf(await openSource(shop()))).toBe(first);
    const found = [first];
    await writeFile(
      join(fixture.folder, 'fresh'),
      csv([
        ['code', 'name'],
        ['no', 'Norge'],
      ]),
    );
    await rename(join(fixture.folder, 'fresh'), join(fixture.folder, 'countries.csv'));
    found.push(await versionOf(source));
    await fixture.lake.publish(
      [{ name: 'Order', columns: ['Customer', 'Total', 'At'], partitions: [csv([['c1', '1', null]])] }],
      { date: '2026/11/24/0200' },
    );
    found.push(await versionOf(source));
    found.push(
      await versionOf(
        await openSource(shop({ profiles: { sql: `${WITH_COUNTRY} HAVING true`, key: 'id' } })),
      ),
    );
    expect(new Set(found).size).toBe(4);
    expect(found).not.toContain(undefined);
  });

  test('is not known where SQL of the profiles asks for the time', async () => {
    const sql = 'SELECT id, email, current_date AS today FROM customers';
    expect(await versionOf(await openSource(shop({ profiles: { sql, key: 'id' } })))).toBeUndefined();
  });
});
