import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { until } from '../../support/until';
import { errorOf } from '../files/fixture';
import { cutAfter } from './cut-after';
import { Fixture, PASSWORD, READER, makeReader, makeTwo } from './fixture';

let server: PostgresServer;
let fixture: Fixture;

beforeAll(async () => {
  server = await startPostgres();
  await makeReader(server);
}, INSTALL_TIMEOUT_MS);

afterAll(() => server.close());

beforeEach(async () => {
  fixture = await Fixture.make(server);
});

afterEach(() => fixture.remove());

const LISTED = { attributes: ['email'], segments: ['vip'] };
const people = () => `${fixture.schema}.people`;

const makePeople = () => makeTwo(fixture);

describe.each([
  ['tables of members', 'table'],
  ['SQL', 'sql'],
] as const)('the contract of SegmentSource, with PostgreSQL and %s', (_, kind) => {
  const made: Fixture[] = [];
  runContract(
    segmentSourceContract(async (content) => {
      const own = await Fixture.make(server);
      made.push(own);
      const write = async ({ attributes, profiles, segments }: SourceContent) => {
        await own.table('people', attributes, profiles);
        for (const [index, { members }] of segments.entries())
          await own.table(
            `members ${index}`,
            ['id'],
            members.map((key) => [key]),
          );
      };
      await write(content);
      const segments = content.segments.map(({ id, name }, index) => {
        const table = `${own.schema}."members ${index}"`;
        const listed = { members: { table, key: 'id' } };
        return [id, { name, ...(kind === 'sql' ? { sql: `SELECT id FROM ${table};` } : listed) }] as const;
      });
      const source = await own.open({
        profiles: { table: `${own.schema}.people`, key: content.attributes[0]! },
        segments: Object.fromEntries(segments),
      });
      return { source, change: write, close: () => own.remove() };
    }),
  );
});

describe('what is read', () => {
  test('every type is the text that PostgreSQL writes; an empty text and NULL are both no value', async () => {
    await fixture.sql(`
      CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE TABLE typed (
        id integer, tags text[], price numeric(12, 4), at timestamptz, plain timestamp, day date, document jsonb,
        yes boolean, bytes bytea, ratio double precision, long interval, mood mood, fixed char(4), nothing text, empty text,
        wide text, uid uuid);
      INSERT INTO typed VALUES (
        1, ARRAY['a', 'b c', NULL, 'd"e'], 12.5, '2026-01-31 10:00:00+02', '2026-01-31 10:00', '1980-12-31',
        '{"b": [1, null], "a": "x"}', true, '\\x00ff', 0.1, '1 day 02:03', 'bad', 'ab', NULL, '',
        E'tab\\there\\nline\\r\\n"quoted", \\\\. ü 山田 😀', '5e2f8c9e-8d53-4a0f-9f0e-1f2e3d4c5b6a')`);
    const columns = 'tags price at plain day document yes bytes ratio long mood fixed nothing empty wide uid';
    const attributes = columns.split(' ');
    const table = `${fixture.schema}.typed`;
    const source = await fixture.open({
      profiles: { table, key: 'id' },
      segments: { all: { sql: `SELECT id FROM ${table}` } },
    });
    const { rows } = await fixture.extract(source, { attributes, segments: ['all'] });
    expect(rows['1']).toEqual([
      '{a,"b c",NULL,"d\\"e"}',
      '12.5000',
      '2026-01-31 08:00:00+00',
      '2026-01-31 10:00:00',
      '1980-12-31',
      '{"a": "x", "b": [1, null]}',
      'true',
      '\\x00ff',
      '0.1',
      '1 day 02:03:00',
      'bad',
      'ab',
      null,
      null,
      'tab\there\nline\r\n"quoted", \\. ü 山田 😀',
      '5e2f8c9e-8d53-4a0f-9f0e-1f2e3d4c5b6a',
    ]);
  });

  test('texts of a database in another encoding arrive as UTF-8', async () => {
    await server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    const source = await fixture.open(
      {
        profiles: { sql: 'SELECT 1 AS id, chr(252) AS name', key: 'id' },
        segments: { all: { sql: 'SELECT 1' } },
      },
      { connection: { ...fixture.connection, database: 'latin' } },
    );
    const { rows } = await fixture.extract(source, { attributes: ['name'], segments: ['all'] });
    expect(rows).toEqual({ 1: ['ü'] });
    await server.sql('DROP DATABASE latin');
  });

  test('names of schemas, tables and columns may be quoted, be words of SQL, and name views', async () => {
    await fixture.sql(`
      CREATE SCHEMA "Crm ""1""";
      CREATE TABLE "Crm ""1"""."User" ("Customer Id" int, "order" text);
      INSERT INTO "Crm ""1"""."User" VALUES (1, 'first');
      CREATE TABLE "user" (id int);
      INSERT INTO "user" VALUES (1);
      CREATE VIEW "select" AS SELECT * FROM "Crm ""1"""."User";
      CREATE MATERIALIZED VIEW kept AS SELECT * FROM "select";
      GRANT USAGE ON SCHEMA "Crm ""1""" TO ${READER};
      GRANT SELECT ON "Crm ""1"""."User" TO ${READER}`);
    const segments = {
      all: { members: { table: `${fixture.schema.toUpperCase()}.user`, key: 'id' } },
    };
    for (const table of ['"Crm ""1"""."User"', `${fixture.schema}.select`, `${fixture.schema}.kept`]) {
      const source = await fixture.open({ profiles: { table, key: 'Customer Id' }, segments });
      const { rows } = await fixture.extract(source, { attributes: ['order'], segments: ['all'] });
      expect(rows).toEqual({ 1: ['first'] });
    }
    await fixture.sql('DROP SCHEMA "Crm ""1""" CASCADE');
  });

  test('profiles and members may be SQL; of two columns with one name none can be requested', async () => {
    await fixture.table('people', ['id', 'email'], [['p1', 'ann@nordlichtpost.de']]);
    await fixture.table('countries', ['id', 'country'], [['p1', 'Norway']]);
    await fixture.table(
      'lists',
      ['id', 'list'],
      [
        ['p1', ' north '],
        ['p1', 'other'],
        ['gone', 'north'],
      ],
    );
    const join = `SELECT p.id AS key, p.id, c.id, email, country FROM ${people()} p JOIN ${fixture.schema}.countries c ON c.id = p.id -- all`;
    const members = { sql: `SELECT * FROM ${fixture.schema}.lists`, key: 'id', segment: 'list' };
    const source = await fixture.open({
      profiles: { sql: join, key: 'key' },
      segments: { north: { members }, far: { members: { ...members, value: 'south' } } },
    });
    expect((await source.describe()).attributes).toEqual(['key', 'email', 'country']);
    const {
      rows,
      members: counts,
      unmatched,
    } = await fixture.extract(source, {
      attributes: ['country'],
      segments: ['north'],
    });
    expect({ rows, counts, unmatched }).toEqual({
      rows: { p1: ['Norway'] },
      counts: [1],
      unmatched: [{ keys: 1, values: 1 }],
    });
    expect(await errorOf(fixture.extract(source, { attributes: ['id'], segments: ['north'] }))).toMatchObject(
      {
        code: 'ATTRIBUTE_NOT_FOUND',
        message: expect.stringContaining('the same name'),
      },
    );
  });

  test('all rows are of one state, although rows and members change while they are read', async () => {
    await makePeople();
    // The first statement copies the profiles; while it does, a profile and its membership are added.
    await fixture.sql(`
      CREATE TABLE changes (id text);
      CREATE FUNCTION slowly(text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN pg_sleep(1.5) IS NULL THEN $1 ELSE $1 END $$;
      GRANT EXECUTE ON FUNCTION slowly TO ${READER}`);
    const source = await fixture.open({
      profiles: { sql: `SELECT ${fixture.schema}.slowly(id) AS id, email FROM ${people()}`, key: 'id' },
      segments: {
        vip: { sql: `SELECT id FROM ${people()}` },
        listed: { members: { table: people(), key: 'id' } },
      },
    });
    const reading = fixture.extract(source, { attributes: ['email'], segments: ['vip', 'listed'] });
    await until(async () => (await copies()).length > 0);
    await fixture.sql(
      "INSERT INTO people VALUES ('p3', 'eve@nordlichtpost.de'); DELETE FROM people WHERE id = 'p1'",
    );
    const { rows, members, unmatched } = await reading;
    expect({ keys: Object.keys(rows), members, unmatched }).toEqual({
      keys: ['p1', 'p2'],
      members: [2, 2],
      unmatched: [
        { keys: 0, values: 0 },
        { keys: 0, values: 0 },
      ],
    });
  });

  test('a value that is too long is refused, and only where it is read', async () => {
    const source = await fixture.open({
      profiles: { sql: "SELECT 1 AS id, 'short' AS name, repeat('x', 9000000) AS document", key: 'id' },
      segments: { all: { sql: 'SELECT 1' } },
    });
    const { rows } = await fixture.extract(source, { attributes: ['name'], segments: ['all'] });
    expect(rows).toEqual({ 1: ['short'] });
    const refused = { code: 'SOURCE_MALFORMED', message: expect.stringContaining('longer than 7.9 MB') };
    const request = { attributes: ['document'], segments: ['all'] };
    expect(await errorOf(fixture.extract(source, request))).toMatchObject(refused);
    const other = await fixture.open({
      profiles: { sql: 'SELECT 1 AS id', key: 'id' },
      segments: { all: { sql: "SELECT '1' UNION ALL SELECT repeat('x', 9000000)" } },
    });
    expect(await errorOf(fixture.extract(other, { ...request, attributes: [] }))).toMatchObject(refused);
  });

  test('rows without a key are unreadable, and a key in two rows is refused without the key', async () => {
    await fixture.table(
      'people',
      ['id', 'email'],
      [
        ['p1', 'ann@nordlichtpost.de'],
        [null, 'bob@nordlichtpost.de'],
        [' ', 'eve@nordlichtpost.de'],
      ],
    );
    const source = await fixture.open({
      profiles: { table: people(), key: 'id' },
      segments: { vip: { sql: `SELECT id FROM ${people()}` } },
    });
    expect(await source.check()).toMatchObject({
      profiles: 1,
      unreadable: [{ file: 'profiles (rows whose "id" is empty)', lines: 2, first: [] }],
    });
    await fixture.sql("INSERT INTO people VALUES ('p1 ', NULL)");
    const error = await errorOf(source.check());
    expect(error).toMatchObject({ code: 'SOURCE_KEY_NOT_UNIQUE' });
    expect(error.message).not.toContain('p1');
  });
});

/** Statements of sources that run now. */
async function copies(): Promise<readonly { pid: number }[]> {
  const found = await server.sql(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'temporal-mailchimp' AND state = 'active' AND query LIKE 'COPY%'",
  );
  return found as unknown as { pid: number }[];
}

/** A source whose segment takes a minute, and sends rows at first. */
async function openSlow(more: Parameters<Fixture['open']>[1] = {}) {
  const { profiles } = await makePeople();
  return fixture.open(
    {
      profiles,
      segments: {
        vip: { sql: 'SELECT n::text FROM generate_series(1, 200000) n UNION ALL SELECT pg_sleep(60)::text' },
      },
    },
    more,
  );
}

describe('a reading that breaks off', () => {
  test('a backend that is terminated in mid-read is SOURCE_UNAVAILABLE, and nothing of the read is left', async () => {
    const source = await openSlow();
    const reading = errorOf(fixture.extract(source, LISTED));
    await until(async () => (await copies()).length > 0);
    await server.sql(`SELECT pg_terminate_backend(${(await copies())[0]!.pid})`);
    expect(await reading).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('57P01'),
    });
  });

  test('a connection that is cut in the middle of the rows, without a word of the server, is SOURCE_UNAVAILABLE', async () => {
    const { profiles } = await makePeople();
    const cut = await cutAfter(server.port, 1_000_000);
    const vip = { sql: "SELECT lpad(n::text, 100, '0') FROM generate_series(1, 1000000) n" };
    const connection = { ...fixture.connection, port: cut.port };
    const source = await fixture.open({ profiles, segments: { vip } }, { connection });
    expect(await errorOf(fixture.extract(source, LISTED))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    cut.close();
  });

  test('a server that shuts down in mid-read is SOURCE_UNAVAILABLE, as is one that is not there', async () => {
    const other = await startPostgres();
    await other.sql(`CREATE ROLE ${READER} LOGIN PASSWORD '${PASSWORD}'`);
    const connection = { ...fixture.connection, port: other.port };
    const source = await fixture.open(
      {
        profiles: { sql: 'SELECT 1 AS id, 2 AS email', key: 'id' },
        segments: {
          vip: {
            sql: 'SELECT n::text FROM generate_series(1, 200000) n UNION ALL SELECT pg_sleep(60)::text',
          },
        },
      },
      { connection },
    );
    const reading = errorOf(fixture.extract(source, LISTED));
    await until(async () => {
      const found = await other.sql(
        "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%'",
      );
      return found.length > 0;
    });
    await other.close();
    expect(await reading).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(await errorOf(source.describe())).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/127\.0\.0\.1:\d+ does not answer.*ECONNREFUSED/),
    });
  });

  test('a cancelled read ends within two seconds, at the server too', async () => {
    const { profiles } = await makePeople();
    const source = await fixture.open({ profiles, segments: { vip: { sql: 'SELECT pg_sleep(60)::text' } } });
    const aborting = new AbortController();
    const into = fixture.folder;
    const reading = errorOf(source.extract({ ...LISTED, into, signal: aborting.signal }));
    await until(async () => (await copies()).length > 0);
    const start = Date.now();
    aborting.abort();
    await reading;
    await until(async () => (await copies()).length === 0);
    expect(Date.now() - start).toBeLessThan(2000);
  });

  test('a statement that takes longer than statementTimeoutSeconds is SOURCE_UNREADABLE with the setting', async () => {
    const source = await openSlow({ statementTimeoutSeconds: 1 });
    expect(await errorOf(fixture.extract(source, LISTED))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining(
        'segment vip: the statement took longer than statementTimeoutSeconds (1)',
      ),
    });
  });

  test('a statement that an administrator cancels needs a person', async () => {
    const source = await openSlow();
    const reading = errorOf(fixture.extract(source, LISTED));
    await until(async () => (await copies()).length > 0);
    await server.sql(`SELECT pg_cancel_backend(${(await copies())[0]!.pid})`);
    expect(await reading).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('an administrator'),
    });
  });
});

describe('what is refused', () => {
  test('SQL that writes, ends our statement, fails or has no first column is SEGMENT_SQL_INVALID, without values', async () => {
    const { profiles } = await makePeople();
    await fixture.sql(`
      GRANT ALL ON people TO ${READER};
      CREATE FUNCTION erase() RETURNS text LANGUAGE sql AS $$ DELETE FROM ${people()} RETURNING id $$`);
    const refused = async (sql: string) => {
      const source = await fixture.open({ profiles, segments: { vip: { sql } } });
      return errorOf(fixture.extract(source, LISTED));
    };
    for (const [sql, problem] of [
      [`DELETE FROM ${people()} RETURNING id`, '42601'],
      [`WITH gone AS (DELETE FROM ${people()} RETURNING id) SELECT id FROM gone`, '0A000'],
      [`SELECT ${fixture.schema}.erase()`, '25006'],
      [`SELECT id FROM ${people()}) AS q) TO STDOUT; COMMIT; DROP TABLE ${people()}; --`, '42601'],
      [`SELECT id FROM ${people()}) AS q; COMMIT; DROP TABLE ${people()}; --`, '42601'],
      ['SELECT 1; SELECT 2', '42601'],
      ['/* open', '42601'],
      ['SELECT nothing FROM nowhere', 'relation "nowhere" does not exist'],
      [`SELECT emial FROM ${people()}`, 'column "emial" does not exist'],
      [`SELECT email::int FROM ${people()}`, '22P02'],
      [`SELECT 1 / (length(id) - 2) FROM ${people()}`, '22012'],
      ['SELECT', ''],
    ]) {
      const error = await refused(sql!);
      expect(error).toMatchObject({
        code: 'SEGMENT_SQL_INVALID',
        message: expect.stringContaining(problem!),
      });
      expect(error.message).not.toContain('nordlichtpost');
    }
    expect(await fixture.sql('SELECT count(*)::int AS count FROM people')).toEqual([{ count: 2 }]);
  });

  test('a table that is missing or may not be read says what to grant, and config check names each part', async () => {
    await makePeople();
    await fixture.sql(`CREATE TABLE secret (id text); REVOKE ALL ON secret FROM ${READER}`);
    const source = await fixture.open({
      profiles: { table: `${fixture.schema}.poeple`, key: 'id' },
      segments: {
        secret: { members: { table: `${fixture.schema}.secret`, key: 'id' } },
        column: { members: { table: people(), key: 'nr' } },
        sql: { sql: 'SELECT nothing' },
        good: { sql: `SELECT id FROM ${people()}` },
      },
    });
    const problems = await source.findProblems();
    expect(problems.map(({ at, error }) => [at, error.code, error.message])).toEqual([
      ['profiles', 'SOURCE_UNREADABLE', expect.stringContaining(`no table or view ${fixture.schema}.poeple`)],
      [
        'segments.secret',
        'SOURCE_UNREADABLE',
        expect.stringMatching(/permission denied for table secret.*GRANT SELECT.*reader/),
      ],
      [
        'segments.column',
        'SOURCE_MALFORMED',
        expect.stringContaining('no column "nr". Available: id, email'),
      ],
      ['segments.sql', 'SEGMENT_SQL_INVALID', expect.stringContaining('column "nothing" does not exist')],
    ]);
  });
});
