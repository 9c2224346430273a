import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenSource } from '../../../src/ports/source';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { until } from '../../support/until';
import { errorOf } from '../files/fixture';
import { Fixture as Database, PASSWORD, makeReader } from '../postgres/fixture';
import { Fixture, type SqlInput } from './fixture';

let server: PostgresServer;
let database: Database;
let fixture: Fixture;
const open: OpenSource[] = [];

beforeAll(async () => {
  server = await startPostgres();
  await makeReader(server);
}, INSTALL_TIMEOUT_MS);

afterAll(() => server.close());

beforeEach(async () => {
  ({ database, fixture } = await make());
});

afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
  await database.remove();
  await fixture.remove();
});

async function make() {
  const made = { database: await Database.make(server), fixture: await Fixture.make() };
  await writeFile(join(made.fixture.folder, 'password'), PASSWORD);
  return made;
}

type TableInput = SqlInput['tables'][string];

const postgresTable = ({ connection, schema }: Database, table: string, more: object = {}): TableInput => ({
  kind: 'postgres',
  connection,
  table: `${schema}.${table}`,
  ...more,
});

async function openSource(input: SqlInput): Promise<OpenSource> {
  const source = await fixture.open(input);
  open.push(source);
  return source;
}

describe.each(['members in PostgreSQL', 'SQL over both'])(
  'the contract of SegmentSource, with profiles in files and %s',
  (form) => {
    runContract(
      segmentSourceContract(async (content) => {
        const own = await make();
        const write = async ({ attributes, profiles, segments }: SourceContent) => {
          await own.fixture.write('people.csv', [attributes, ...profiles]);
          for (const [index, { members }] of segments.entries())
            await own.database.table(
              `members_${index}`,
              ['id'],
              members.map((key) => [key]),
            );
        };
        await write(content);
        const versionSql = content.segments
          .map((_, index) => `SELECT ${index}, id FROM ${own.database.schema}.members_${index}`)
          .join(' UNION ALL ');
        const more = {
          versionSql: `SELECT md5(string_agg(m::text, ',' ORDER BY m::text)) FROM (${versionSql}) m`,
        };
        const tables: SqlInput['tables'] = {
          people: { kind: 'files', path: 'people.csv' },
          ...Object.fromEntries(
            content.segments.map((_, index) => [
              `list_${index}`,
              postgresTable(own.database, `members_${index}`, more),
            ]),
          ),
        };
        const segments = content.segments.map(({ id, name }, index) => {
          const table = `list_${index}`;
          const sql = `SELECT ${table}.id FROM ${table} LEFT JOIN profiles p ON p."${content.attributes[0]}" = ${table}.id`;
          const listed = { members: { table, key: 'id' } };
          return [id, { name, ...(form === 'SQL over both' ? { sql } : listed) }] as const;
        });
        const source = await own.fixture.open({
          tables,
          profiles: { table: 'people', key: content.attributes[0]! },
          segments: Object.fromEntries(segments),
        });
        const close = async () => {
          await source.close();
          await own.database.remove();
          await own.fixture.remove();
        };
        return { source, change: write, close };
      }),
    );
  },
);

const shop = (more: object = {}): SqlInput => ({
  tables: {
    customers: postgresTable(database, 'customers', more),
    orders: postgresTable(database, 'orders', more),
    countries: { kind: 'files', path: 'countries.csv' },
  },
  profiles: {
    sql: 'SELECT c.id, c.email, n.name AS country FROM customers c LEFT JOIN countries n ON n.code = c.country',
    key: 'id',
  },
  segments: {
    big: { sql: 'SELECT customer FROM orders GROUP BY 1 HAVING sum(CAST(total AS DOUBLE)) > 40' },
  },
});

describe('tables of a server and files in one source', () => {
  beforeEach(async () => {
    await database.table(
      'customers',
      ['id', 'email', 'country', 'secret'],
      [
        ['c1', 'ann@nordlichtpost.de', 'no', 'x'],
        ['c2', 'bob@nordlichtpost.de', 'de', 'x'],
      ],
    );
    await database.table(
      'orders',
      ['customer', 'total', 'secret'],
      [
        ['c1', '30', 'x'],
        ['c1', '20', 'x'],
        ['c2', '40', 'x'],
      ],
    );
    await fixture.write('countries.csv', [
      ['code', 'name'],
      ['no', 'Norway'],
    ]);
  });

  test('are joined, and every table of the server is of one transaction', async () => {
    // Each table says in which transaction it was read.
    await database.sql(`
      CREATE VIEW one AS SELECT id, email, pg_backend_pid()::text || ' ' || now()::text AS moment FROM customers;
      CREATE VIEW two AS SELECT customer, pg_backend_pid()::text || ' ' || now()::text AS moment FROM orders`);
    const source = await openSource({
      tables: { one: postgresTable(database, 'one'), two: postgresTable(database, 'two') },
      profiles: {
        sql: 'SELECT id, email, moment, (SELECT min(moment) FROM two) AS other FROM one',
        key: 'id',
      },
      segments: { all: { sql: 'SELECT customer FROM two' } },
    });
    const { rows } = await fixture.extract(source, { attributes: ['moment', 'other'], segments: ['all'] });
    const [, moment, other] = rows['c1']!;
    expect(moment).toMatch(/^\d+ 20/);
    expect(other).toBe(moment);
  });

  test('are copied only with the columns that SQL reads', async () => {
    // A column that cannot be computed, and would end any statement that reads it.
    await database.sql('CREATE VIEW seen AS SELECT *, 1 / (total::int - total::int) AS never FROM orders');
    const input = shop();
    const source = await openSource({
      ...input,
      tables: { ...input.tables, orders: postgresTable(database, 'seen') },
    });
    const { rows } = await fixture.extract(source, { attributes: ['country', 'email'], segments: ['big'] });
    expect(rows).toEqual({ c1: ['1', 'Norway', 'ann@nordlichtpost.de'] });
  });

  test('a value that is longer than DuckDB takes is no smaller table', async () => {
    await database.sql("UPDATE orders SET total = repeat('1', 8000000) WHERE customer = 'c2'");
    const source = await openSource(shop());
    expect(await errorOf(fixture.extract(source, { attributes: [], segments: ['big'] }))).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringMatching(/^table orders: PostgreSQL sent 3 rows, of which \d could be used/),
    });
  });

  test('a server that is away is asked once for its problems, and named once', async () => {
    const connection = { ...database.connection, port: 1 };
    const problems = await (await openSource(shop({ connection }))).findProblems();
    expect(problems.map(({ at, error }) => [at, error.code])).toEqual([
      ['tables.customers', 'SOURCE_UNAVAILABLE'],
    ]);
  });

  test('a cancelled read ends, there too', async () => {
    await database.sql('CREATE VIEW slow AS SELECT id, pg_sleep(600)::text AS x FROM customers');
    const input = shop();
    const source = await openSource({
      ...input,
      tables: { ...input.tables, slow: postgresTable(database, 'slow') },
      segments: { slow: { sql: 'SELECT id FROM slow WHERE x IS NOT NULL' } },
    });
    const stop = new AbortController();
    const reading = errorOf(source.check({ signal: stop.signal }));
    const running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%slow%' AND state = 'active'";
    await until(async () => (await server.sql(running)).length > 0);
    stop.abort();
    await reading;
    const left = await until(async () => ((await server.sql(running)).length === 0 ? 'none' : undefined));
    expect(left).toBe('none');
  });

  test('a server session that is terminated in the middle is an outage, and nothing of the read is left', async () => {
    await database.sql('CREATE VIEW slow AS SELECT id, pg_sleep(600)::text AS x FROM customers');
    const input = shop();
    const source = await openSource({
      ...input,
      tables: { ...input.tables, slow: postgresTable(database, 'slow') },
      segments: { ...input.segments, slow: { sql: 'SELECT id FROM slow WHERE x IS NOT NULL' } },
    });
    const reading = errorOf(fixture.extract(source, { attributes: ['country'], segments: ['big', 'slow'] }));
    const running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%slow%' AND state = 'active'";
    await until(async () => (await server.sql(running)).length > 0);
    await server.sql(`SELECT pg_terminate_backend(pid) FROM (${running}) s`);
    expect(await reading).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  test('have a version only where each table of the server has a query for it', async () => {
    const request = { segments: ['big'] };
    const without = await openSource(shop());
    expect(await without.version!(request)).toBeUndefined();
    const versionSql = `SELECT count(*), max(email) FROM ${database.schema}.customers`;
    const source = await openSource(shop({ versionSql }));
    const first = await source.version!(request);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await source.version!(request)).toBe(first);
    await database.sql("INSERT INTO customers VALUES ('c3', 'dan@nordlichtpost.de')");
    expect(await source.version!(request)).not.toBe(first);
  });
});
