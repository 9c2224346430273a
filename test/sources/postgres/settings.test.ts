import { describe, expect, test } from '@jest/globals';
import { CustomSecretsConfigSchema, WorkerConfigSchema } from '../../../src/config/config';
import { type PostgresSourceInput, PostgresSourceSchema } from '../../../src/config/postgres-config';
import { serverSettings } from '../../../src/sources/postgres/connection-settings';
import { relationOf } from '../../../src/sources/postgres/relation';
import { errorOf } from '../files/fixture';

const REST = { kind: 'postgres', profiles: { table: 'people', key: 'id' }, segments: {} } as const;
const CONNECTION = { host: 'db.nordlichtpost.de', database: 'crm', user: 'reader' };

function settings(input: Partial<PostgresSourceInput>, url = '') {
  const config = PostgresSourceSchema.parse({ ...REST, ...input });
  return serverSettings(config, {
    resolve: async (reference) => (reference === 'env:URL' ? url : `text of ${reference}`),
  });
}

const fromUrl = (url: string) => settings({ url: 'env:URL' }, url);

describe('a URL', () => {
  test('names host, port, database, role, password and TLS mode', async () => {
    expect(await fromUrl('postgres://reader:a%40b%2F@db.nordlichtpost.de:6432/crm?sslmode=disable')).toEqual({
      host: 'db.nordlichtpost.de',
      port: 6432,
      database: 'crm',
      user: 'reader',
      password: 'a@b/',
      ssl: false,
    });
    expect(await fromUrl('postgresql:///crm?host=/var/run/postgresql&user=reader')).toMatchObject({
      host: '/var/run/postgresql',
      port: 5432,
      ssl: false,
    });
    expect(await fromUrl('postgresql://reader@[::1]/crm')).toMatchObject({ host: '::1', ssl: false });
  });

  test.each([
    ['mysql://reader:s3cret@db/crm', 'no URL of the form'],
    ['s3cret', 'no URL of the form'],
    ['postgres://reader:s3cret@db/', 'no user, or no database'],
    ['postgres://reader:s3cret%@db/crm', 'percent sign'],
    ['postgres://reader:s3cret@db/crm?sslmode=prefer', 'sslmode is none of'],
    ['postgres://reader:s3cret@db/crm?options=-c', 'parameter options'],
  ])('that cannot be used is CONFIG_INVALID, without its text: %s', async (url, problem) => {
    const error = await errorOf(fromUrl(url));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(problem) });
    expect(error.message).toContain('env:URL');
    expect(error.message).not.toContain('s3cret');
  });
});

describe('TLS', () => {
  test('is on and checks certificate and name, unless the server is on this machine', async () => {
    const { ssl } = await settings({ connection: CONNECTION });
    expect(ssl).toEqual({ servername: 'db.nordlichtpost.de', rejectUnauthorized: true });
    for (const host of ['localhost', '127.0.0.1', '::1', '/var/run/postgresql'])
      expect(await settings({ connection: { ...CONNECTION, host } })).toMatchObject({ ssl: false });
    expect(await fromUrl('postgres://reader@db.nordlichtpost.de/crm')).toMatchObject({
      ssl: { rejectUnauthorized: true },
    });
  });

  test('takes certificates by reference, and checks no name below verify-full', async () => {
    const tls = {
      mode: 'verify-ca',
      serverCaCert: 'file:ca.pem',
      clientCert: 'file:c.pem',
      clientKey: 'file:k.pem',
    } as const;
    expect(await settings({ connection: CONNECTION, tls })).toMatchObject({
      ssl: {
        ca: 'text of file:ca.pem',
        cert: 'text of file:c.pem',
        key: 'text of file:k.pem',
        rejectUnauthorized: true,
        checkServerIdentity: expect.any(Function),
      },
    });
    const disabled = { ...tls, mode: 'disable' } as const;
    expect(await errorOf(settings({ connection: CONNECTION, tls: disabled }))).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

const problemsOf = (input: object) =>
  PostgresSourceSchema.safeParse({ ...REST, connection: CONNECTION, ...input }).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

const issuesOf = (schema: typeof WorkerConfigSchema, url: string) =>
  schema
    .safeParse({ accounts: {}, sources: { crm: { ...REST, url } } })
    .error?.issues.map(({ message }) => message);

test('references may be those of a SecretResolver of the host, and never a URL itself', () => {
  const custom = CustomSecretsConfigSchema as unknown as typeof WorkerConfigSchema;
  expect(issuesOf(custom, 'vault:crm/url')).toBeUndefined();
  expect(issuesOf(WorkerConfigSchema, 'vault:crm/url')).toEqual([
    expect.stringContaining('env:VARIABLE or file:PATH'),
  ]);
  for (const schema of [custom, WorkerConfigSchema])
    expect(issuesOf(schema, 'postgres://reader:s3cret@db/crm')).toContainEqual(
      expect.stringContaining('this is the URL itself'),
    );
});

const from = (table: string) => relationOf({ table }, { at: '', what: '' }).from;

describe('the configuration', () => {
  test('needs url or connection, and table or sql, and one of each', () => {
    expect(problemsOf({})).toBeUndefined();
    expect(problemsOf({ connection: undefined })).toEqual([': set url or connection, and not both']);
    expect(problemsOf({ url: 'env:URL' })).toEqual([': set url or connection, and not both']);
    expect(problemsOf({ profiles: { key: 'id' } })).toEqual(['profiles: set table or sql, and not both']);
    expect(problemsOf({ profiles: { key: 'id', table: 'a', sql: 'b' } })).toEqual([
      'profiles: set table or sql, and not both',
    ]);
  });

  test.each(['a b', 'a;b', 'a.b.c', '"open', 'a.', '1a', ''])('takes no table called %s', (table) => {
    expect(problemsOf({ profiles: { key: 'id', table } })).toEqual([
      expect.stringContaining('profiles.table: a table or a view as SQL names it'),
    ]);
  });
});

test('a name of a table means what it means in SQL, and is always quoted', () => {
  expect(from('Customers')).toBe('"customers"');
  expect(from('crm.user')).toBe('"crm"."user"');
  expect(from('"My ""Crm"".x".Customers')).toBe('"My ""Crm"".x"."customers"');
});
