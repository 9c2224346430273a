import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { parse, stringify } from 'yaml';
import type { PostgresSourceInput } from '../../../src/config/postgres-config';
import { run } from '../../cli/terminal';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { AUDIENCE, CROWD, CROWD_MEMBERS, type Stage, openStage, reportOf } from '../../support/stage';
import { until } from '../../support/until';
import { Fixture, PASSWORD, READER, makeReader } from './fixture';

const PAGE = resolve(__dirname, '../../../docs/source-postgres.md');

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

const people = () => `${fixture.schema}.people`;

describe('an export from PostgreSQL', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await fixture.table(
      'people',
      ['id', 'email', 'first', 'last', 'country'],
      CROWD.map(({ id, email, first, last, country }) => [id, email, first!, last!, country!]),
    );
    await fixture.table('lists', ['id', 'segment'], CROWD_MEMBERS);
    process.env['SOURCE_PASSWORD'] = PASSWORD;
    const members = { table: `${fixture.schema}.lists`, key: 'id', segment: 'segment' };
    const source: PostgresSourceInput = {
      kind: 'postgres',
      connection: { ...fixture.connection, password: 'env:SOURCE_PASSWORD' },
      profiles: { table: people(), key: 'id' },
      segments: {
        vip: { members },
        north: { sql: `SELECT id FROM ${people()} WHERE country = 'Norway' AND id > '000002'` },
      },
    };
    Object.assign(stage.config.sources, { people: source });
  });

  afterEach(() => stage.close());

  test('sends people with their tags, waits while the server refuses sessions, and untags who has left', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      // No session gets in: the state of a server that starts, or is out of connections.
      await server.sql(`ALTER ROLE ${READER} CONNECTION LIMIT 0`);
      const handle = await stage.client.start(stage.destinationId);
      await until(async () => inspect(await stage.progress(), { depth: 9 }).includes('SOURCE_UNAVAILABLE'));
      await server.sql(`ALTER ROLE ${READER} CONNECTION LIMIT -1`);
      expect(await reportOf(handle)).toMatchObject({
        status: 'completed',
        outcomes: { created: CROWD.length },
      });

      await fixture.sql(
        "DELETE FROM lists WHERE id = '000001'; UPDATE people SET last = 'New' WHERE id = '000003'",
      );
      expect(await stage.export()).toMatchObject({ status: 'completed' });
    });
    expect(stage.sandbox.state(AUDIENCE)).toMatchObject({
      members: CROWD.length,
      tags: { VIP: 1, North: 6 },
    });
  });

  test('config check, source check and source preview read it', async () => {
    const { sources } = stage.config;
    const file = join(fixture.folder, 'temporal-mailchimp.yaml');
    await writeFile(file, stringify({ accounts: {}, sources }));
    const cli = (command: string) => run([...command.split(' '), '--config', file]);
    expect(await cli('config check')).toMatchObject({ code: 0, errors: '' });
    const checked = await cli('source check');
    expect(checked).toMatchObject({ code: 0, errors: '' });
    expect(checked.output).toMatch(/8 profiles with 5 attributes[^]*vip +vip +2\nnorth +north +6/);
    expect((await cli('source preview vip')).output).toContain('person000001@mail.chinook.org');
    process.env['SOURCE_PASSWORD'] = 'not-the-password';
    const refused = await cli('config check');
    expect(refused.code).toBe(1);
    expect(refused.output + refused.errors).toMatch(/sources\.people: .*password authentication failed/);
    expect(refused.output + refused.errors).not.toContain('not-the-password');
  });
});

const blockOf = async (language: string) => {
  const [, block] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(await readFile(PAGE, 'utf8')) ?? [];
  if (block === undefined) throw new Error(`the page has no block of ${language}`);
  return block;
};

describe('docs/source-postgres.md', () => {
  test('its role reads what its configuration needs, and may do nothing else', async () => {
    await server.sql('CREATE DATABASE crm');
    const address = { host: server.socket, port: server.port, database: 'crm' };
    const owner = new Client({ ...address, user: 'owner' });
    await owner.connect();
    await owner.query(`
      CREATE SCHEMA sales;
      CREATE TABLE sales.customers AS SELECT 1 AS id, 'ann@nordlichtpost.de' AS email;
      CREATE TABLE sales.list_members AS SELECT 1 AS customer_id, 'newsletter' AS list;
      CREATE TABLE sales.invoices AS SELECT 1 AS customer_id, 50.00 AS total;
      CREATE TABLE sales.staff AS SELECT 1 AS id`);
    await owner.query(await blockOf('sql'));
    const { sources } = parse(await blockOf('yaml')) as { sources: { crm: PostgresSourceInput } };
    process.env['CRM_PASSWORD'] = 'choose one';
    const { kind: _, tls: __, connection, ...input } = sources.crm;
    const here = { host: '127.0.0.1', port: server.port };
    const source = await fixture.openWith({ ...input, connection: { ...connection!, ...here } });
    expect(await source.check()).toMatchObject({
      attributes: ['id', 'email'],
      profiles: 1,
      members: [
        { segment: 'newsletter', profiles: 1 },
        { segment: 'big-spenders', profiles: 1 },
      ],
    });
    const reader = new Client({ ...here, database: 'crm', user: connection!.user, password: 'choose one' });
    await reader.connect();
    await reader.query('SET default_transaction_read_only = off');
    for (const sql of [
      'SELECT FROM sales.staff',
      'DELETE FROM sales.customers',
      'CREATE TABLE sales.mine ()',
    ])
      await expect(reader.query(sql)).rejects.toMatchObject({ code: '42501' });
    await reader.end();
    await owner.query(`DROP OWNED BY ${connection!.user}; DROP ROLE ${connection!.user}`);
    await owner.end();
    await server.sql('DROP DATABASE crm WITH (FORCE)');
  });
});
