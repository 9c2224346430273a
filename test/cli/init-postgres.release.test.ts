import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { INSTALL_TIMEOUT_MS } from '../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../support/postgres-server';
import { run, runJson } from './terminal';

let server: PostgresServer;
let folder: string;
let file: string;

beforeAll(async () => {
  server = await startPostgres();
  await server.sql(`
    CREATE ROLE reader LOGIN PASSWORD 'secret';
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, customer_id int, contact_email text);
    CREATE TABLE shop.customers (id int PRIMARY KEY, email text, first_name text, "Last Name" text);
    CREATE TABLE shop.subscriptions (customer_id int, list text);
    CREATE TABLE shop.hidden_customers (id int PRIMARY KEY, email text);
    INSERT INTO shop.customers VALUES (1, 'ann@nordlichtpost.de', 'Ann', 'A'), (2, 'bob@nordlichtpost.de', 'Bob', 'B');
    INSERT INTO shop.subscriptions VALUES (1, 'north'), (2, 'north'), (2, 'vip');
    GRANT USAGE ON SCHEMA shop TO reader;
    GRANT SELECT ON shop.customers, shop.orders, shop.subscriptions TO reader`);
}, INSTALL_TIMEOUT_MS);

afterAll(() => server.close());

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cli-init-postgres-')));
  file = join(folder, 'temporal-mailchimp.yaml');
  process.env['MAILCHIMP_API_KEY'] = '0123456789abcdef0123456789abcdef-us1';
  process.env['CLI_INIT_DATABASE'] = `postgres://reader:secret@127.0.0.1:${server.port}/postgres`;
  await writeFile(join(folder, 'password'), 'secret');
});

afterEach(async () => {
  delete process.env['MAILCHIMP_API_KEY'];
  delete process.env['CLI_INIT_DATABASE'];
  await rm(folder, { recursive: true, force: true });
});

const check = (what: string) => run([what, 'check', '--config', file]);

test('proposes table, key, e-mail address, names and lists, and writes no password', async () => {
  const argv = ['init', '--config', file, '--postgres', 'env:CLI_INIT_DATABASE'];
  const { code, errors, document } = await runJson(argv);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(document).toMatchObject({
    kind: 'postgres',
    profiles: 'shop.customers',
    key: 'id',
    email: 'email',
    fields: { FNAME: 'first_name', LNAME: 'Last Name' },
    segments: ['north', 'vip'],
  });
  const text = await readFile(file, 'utf8');
  expect(text).toContain('url: env:CLI_INIT_DATABASE\n');
  expect(text).not.toContain('secret');
  expect(await check('config')).toMatchObject({ code: 0 });
  const { output } = await check('source');
  expect(output).toMatch(/north +north +2/);
  expect(output).toMatch(/vip +vip +1/);
});

test('with a further file, makes a source of SQL over both, by a URL without its password', async () => {
  await writeFile(join(folder, 'countries.csv'), 'customer,country\n1,Norway\n');
  const where = `postgres://reader@127.0.0.1:${server.port}/postgres`;
  const { code, errors } = await run([
    'init',
    '--config',
    file,
    '--postgres',
    where,
    '--password',
    'file:password',
    '--table',
    `countries=${join(folder, 'countries.csv')}`,
    '--segment',
    "north=SELECT id FROM customers JOIN countries ON customer = id WHERE country = 'Norway'",
  ]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(await readFile(file, 'utf8')).toContain('kind: sql\n');
  const { output } = await check('source');
  expect(output).toMatch(/north +north +1/);
});

test('names the tables that the role may read, where the named one is none of them', async () => {
  const argv = ['init', '--config', file, '--postgres', 'env:CLI_INIT_DATABASE'];
  const { code, errors } = await run([...argv, '--profiles', 'shop.hidden_customers']);
  expect({ code, errors }).toEqual({
    code: 1,
    errors: expect.stringMatching(
      /^INPUT_INVALID: The role may read no table "shop\.hidden_customers".* Available: shop\.customers, shop\.orders, shop\.subscriptions/,
    ),
  });
});
