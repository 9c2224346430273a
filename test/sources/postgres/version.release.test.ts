import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { errorOf } from '../files/fixture';
import { Fixture, makeReader, makeTwo } from './fixture';

let server: PostgresServer;
let fixture: Fixture;
let content: Awaited<ReturnType<typeof makeTwo>>;

beforeAll(async () => {
  server = await startPostgres();
  await makeReader(server);
}, INSTALL_TIMEOUT_MS);

afterAll(() => server.close());

beforeEach(async () => {
  fixture = await Fixture.make(server);
  content = await makeTwo(fixture);
});

afterEach(() => fixture.remove());

const REQUEST = { segments: ['vip'] };
const counted = () => `SELECT max(email), count(*) FROM ${fixture.schema}.people;`;
const open = (versionSql: string) => fixture.open(content, { versionSql });

test('a source without versionSql has no version', async () => {
  const source = await fixture.open(content);
  expect(await source.version!(REQUEST)).toBeUndefined();
});

test('the version is the same while the query answers the same, and another one after a change of it', async () => {
  const source = await open(counted());
  const first = await source.version!(REQUEST);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await (await open(counted())).version!(REQUEST)).toBe(first);
  await fixture.sql("INSERT INTO people VALUES ('p3', 'abe@nordlichtpost.de')");
  expect(await source.version!(REQUEST)).not.toBe(first);
});

test('it is of the configuration too: another segment, profiles or database has another one', async () => {
  const one = { ...content, segments: { ...content.segments, all: { sql: 'SELECT 1' } } };
  const source = await fixture.open(one, { versionSql: 'SELECT 1' });
  const other = await fixture.open(
    { ...one, profiles: { sql: `SELECT id FROM ${fixture.schema}.people`, key: 'id' } },
    { versionSql: 'SELECT 1' },
  );
  const another = await fixture.open(one, {
    versionSql: 'SELECT 1',
    connection: { ...fixture.connection, database: 'template1' },
  });
  const versions = [
    await source.version!(REQUEST),
    await source.version!({ segments: ['all'] }),
    await other.version!(REQUEST),
    await another.version!(REQUEST),
  ];
  expect(new Set(versions).size).toBe(4);
});

test.each([
  ['has no row', 'SELECT 1 WHERE false', /another number of rows than one/],
  ['has two rows', 'SELECT generate_series(1, 2)', /another number of rows than one/],
  ['has no value', 'SELECT max(NULL::text)', /no value/],
  ['writes', "DELETE FROM people WHERE id = 'p1' RETURNING id", /syntax error|42601/],
  ['is two statements', 'SELECT 1); DROP TABLE people; --', /42601/],
  ['takes too long', 'SELECT pg_sleep(600)', /versionSql: the query took longer than 10 s/],
])('a query that %s is refused, and config check says so', async (_, versionSql, message) => {
  const source = await open(versionSql);
  const error = await errorOf(source.version!(REQUEST));
  expect(error.message).toMatch(message);
  const [problem, ...more] = await source.findProblems();
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ at: 'versionSql', error: { message: error.message } });
  expect(await fixture.sql('SELECT count(*)::int AS n FROM people')).toEqual([{ n: 2 }]);
});
