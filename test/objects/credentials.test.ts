import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultAzureCredential } from '@azure/identity';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { asStoreError } from '../../src/objects/store-error';
import { S3Store } from '../../src/objects/s3-store';
import { purposeOf } from '../../src/sources/objects/purpose';
import { errorOf } from '../sources/files/fixture';

let folder: string;
let before: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identity-'));
  before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (/^(AWS|AZURE|IDENTITY)_/.test(name)) delete process.env[name];
  process.env['HOME'] = folder;
  // The client of Microsoft runs the tools that it finds, whose user may be signed in.
  process.env['PATH'] = folder;
});
afterEach(async () => {
  process.env = before;
  await rm(folder, { recursive: true });
});

const IDENTITY = { Code: 'Success', AccessKeyId: 'test-id', SecretAccessKey: 'test-key', Token: 'of-a-role' };

/** The service from which a machine at Amazon gets credentials, and a store for them. Until it is there, the service fails. */
async function startMachine() {
  const machine = { isThere: false };
  const server = createServer(({ url = '', headers }, answer) => {
    if (headers.authorization?.includes('test-id')) answer.writeHead(200, { etag: '"1"' }).end('found');
    else if (!machine.isThere) answer.writeHead(503).end();
    else if (url.endsWith('/latest/api/token')) answer.end('a-token');
    else if (url.endsWith('/security-credentials/')) answer.end('a-role');
    else answer.end(JSON.stringify({ ...IDENTITY, Expiration: new Date(Date.now() + 60 * 60_000) }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return Object.assign(machine, {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((closed) => server.close(closed)),
  });
}

test('a service that issues credentials, and does not answer, is waited for; without one, that is said at once: Amazon', async () => {
  const machine = await startMachine();
  process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = machine.url;
  const store = await S3Store.open(
    { bucket: 'shop' },
    { storage: { endpoint: machine.url }, secrets: { resolve: async () => '' }, purpose: purposeOf('s3') },
  );
  const away = await errorOf(store.get('key'));
  expect(away).toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    message: expect.stringMatching(/no credentials .* does not answer.* tried again.*s3:ListBucket/),
  });
  machine.isThere = true;
  expect((await store.get('key'))?.bytes.toString()).toBe('found');
  machine.isThere = false;
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  const other = await S3Store.open(
    { bucket: 'shop' },
    { storage: { endpoint: machine.url }, secrets: { resolve: async () => '' }, purpose: purposeOf('s3') },
  );
  expect(await errorOf(other.get('key'))).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  for (const each of [store, other]) each.close();
  await machine.close();
});

// As the client of the store gets it, which asks for a quarter of a minute.
const errorWith = async (variables: Record<string, string>) => {
  Object.assign(process.env, variables);
  const error = await errorOf(
    new DefaultAzureCredential({ retryOptions: { maxRetries: 0 } }).getToken(
      'https://storage.azure.com/.default',
    ),
  );
  for (const name of Object.keys(variables)) delete process.env[name];
  return asStoreError(error, { store: 'az://shop/rows', what: 'to list', purpose: purposeOf('azure') });
};

test('a service that issues credentials, and does not answer, is waited for; a wrong setting is said at once: Microsoft', async () => {
  expect(
    await errorWith({ IDENTITY_ENDPOINT: 'http://127.0.0.1:9/token', IDENTITY_HEADER: 'of-this-app' }),
  ).toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    message: expect.stringMatching(/no credentials .* does not answer.* tried again.*Reader/),
  });
  expect(
    await errorWith({
      AZURE_TENANT_ID: '00000000-0000-0000-0000-000000000001',
      AZURE_CLIENT_ID: 'of-this-app',
      AZURE_FEDERATED_TOKEN_FILE: join(folder, 'none'),
    }),
  ).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
});
