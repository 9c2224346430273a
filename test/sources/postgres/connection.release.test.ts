import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { makeCertificates, SERVER_NAME, type Certificates } from '../../cli/certificates';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { errorOf } from '../files/fixture';
import { Fixture, PASSWORD, READER, makeReader, makeTwo } from './fixture';

let server: PostgresServer;
let certificates: Certificates;
let certificateFolder: string;
let fixture: Fixture;

beforeAll(async () => {
  certificateFolder = await mkdtemp(join(tmpdir(), 'postgres-certificates-'));
  certificates = await makeCertificates(certificateFolder);
  server = await startPostgres({
    settings: ['ssl=on', 'ssl_cert_file=server.crt', 'ssl_key_file=server.key', 'ssl_ca_file=ca.crt'],
    access: [
      'hostnossl all encrypted 127.0.0.1/32 reject',
      'hostssl all certified 127.0.0.1/32 cert map=clients',
      'hostnossl all certified 127.0.0.1/32 reject',
    ],
    files: {
      'server.crt': await readFile(certificates.server.cert, 'utf8'),
      'server.key': await readFile(certificates.server.key, 'utf8'),
      'ca.crt': await readFile(certificates.ca, 'utf8'),
      'pg_ident.conf': 'clients client.test certified\n',
    },
  });
  await makeReader(server);
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await server.close();
  await rm(certificateFolder, { recursive: true });
});

beforeEach(async () => {
  fixture = await Fixture.make(server);
});

afterEach(() => fixture.remove());

test('a wrong password, role or database is SOURCE_UNREADABLE, once, without the password', async () => {
  const content = await makeTwo(fixture);
  process.env['WRONG_PASSWORD'] = 'not-the-password';
  for (const [change, text] of [
    [{ password: 'env:WRONG_PASSWORD' }, 'password authentication failed'],
    [{ user: 'stranger' }, 'password authentication failed'],
    [{ database: 'nowhere' }, 'database "nowhere" does not exist'],
  ] as const) {
    const source = await fixture.open(content, { connection: { ...fixture.connection, ...change } });
    const [problem, ...others] = await source.findProblems();
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ at: '', error: { code: 'SOURCE_UNREADABLE' } });
    expect(problem?.error.message).toContain(text);
    expect(problem?.error.message).not.toContain('not-the-password');
  }
  const { password: _, ...without } = fixture.connection;
  process.env['PGPASSWORD'] = PASSWORD;
  const source = await fixture.open(content, { connection: without });
  expect(await errorOf(source.describe())).toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('Set connection.password'),
  });
  delete process.env['PGPASSWORD'];
});

test('by a URL, with escaped characters and sslmode', async () => {
  const content = await makeTwo(fixture);
  const [user, host] = [`${READER}:${encodeURIComponent(PASSWORD)}`, `127.0.0.1:${fixture.connection.port}`];
  process.env['SOURCE_URL'] = `postgresql://${user}@${host}/postgres?sslmode=disable`;
  const source = await fixture.open(content, { url: 'env:SOURCE_URL' });
  expect((await source.check()).profiles).toBe(2);
});

test('by a Unix socket', async () => {
  const content = await makeTwo(fixture);
  const connection = { host: server.socket, port: server.port, database: 'postgres', user: 'owner' };
  expect((await (await fixture.open(content, { connection })).check()).profiles).toBe(2);
});

test('with TLS, if the authority and the name of the certificate are right', async () => {
  await server.sql(`CREATE ROLE encrypted LOGIN PASSWORD '${PASSWORD}' IN ROLE ${READER}`);
  const content = await makeTwo(fixture);
  const connection = { ...fixture.connection, user: 'encrypted' };
  const serverCaCert = `file:${certificates.ca}`;
  const describeWith = async (tls: Parameters<Fixture['open']>[1] & object) =>
    (await fixture.open(content, { connection, ...tls })).describe();
  for (const tls of [
    { serverCaCert, serverName: SERVER_NAME },
    { serverCaCert, mode: 'verify-ca' as const },
    { mode: 'require' as const },
  ])
    await expect(describeWith({ tls })).resolves.toMatchObject({ attributes: ['id', 'email'] });
  for (const [tls, problem] of [
    [undefined, 'no encryption'],
    [{ serverCaCert }, 'certificate is for another name'],
    [{ serverName: SERVER_NAME }, 'signed by no authority that is trusted'],
    [{ mode: 'verify-ca' as const }, 'signed by no authority that is trusted'],
    [
      { mode: 'require' as const, serverCaCert: `file:${certificates.client.cert}` },
      'no authority that is trusted',
    ],
  ] as const)
    expect(await errorOf(describeWith({ tls }))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining(problem),
    });
  await server.sql('DROP ROLE encrypted');
});

test('with a client certificate in place of a password', async () => {
  await server.sql(`CREATE ROLE certified LOGIN IN ROLE ${READER}`);
  const content = await makeTwo(fixture);
  const { password: _, ...address } = fixture.connection;
  const connection = { ...address, user: 'certified' };
  const tls = { serverCaCert: `file:${certificates.ca}`, serverName: SERVER_NAME };
  const { cert, key } = certificates.client;
  const certified = { ...tls, clientCert: `file:${cert}`, clientKey: `file:${key}` };
  const source = await fixture.open(content, { connection, tls: certified });
  expect((await source.check()).profiles).toBe(2);
  const without = await fixture.open(content, { connection, tls });
  expect(await errorOf(without.describe())).toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('client certificate'),
  });
  await server.sql('DROP ROLE certified');
});
