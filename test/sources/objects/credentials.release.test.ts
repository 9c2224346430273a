import { execFile, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { ACCOUNT, BUCKET, type TestStore, startAzure, startS3 } from '../../support/object-stores';

const CLI = resolve(__dirname, '../../../dist/cli/main.js');
const SOURCE = {
  kind: 'files',
  profiles: { path: 'customers.csv', key: 'id' },
  segments: { all: { sql: 'SELECT id FROM profiles' } },
};
const CSV = 'id,Email\n1,a@nordlichtpost.de\n2,b@nordlichtpost.de\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A command in a process of its own, with no other variables: no identity of this machine is found. */
async function check(settings: object, variables: Record<string, string>) {
  const config = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(config, JSON.stringify({ accounts: {}, sources: { shop: { ...SOURCE, ...settings } } }));
  const env = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  return new Promise<{ code: number; text: string }>((done) => {
    const args = [CLI, 'source', 'check', '--config', config];
    execFile(process.execPath, args, { env }, (error, output, errors) =>
      done({ code: Number(error?.code ?? 0), text: output + errors }),
    );
  });
}

let s3: TestStore;
beforeAll(async () => {
  s3 = await startS3();
  await s3.at(s3.url).put('shop/customers.csv', CSV);
}, INSTALL_TIMEOUT_MS);
afterAll(() => s3.close());

test('without references, the client of AWS finds credentials and region by itself', async () => {
  const settings = { root: 's3://warehouse/shop', storage: { endpoint: s3.url } };
  const found = await check(settings, { AWS_ACCESS_KEY_ID: 'chain-id', AWS_SECRET_ACCESS_KEY: 'chain-key' });
  expect(found).toMatchObject({ code: 0, text: expect.stringContaining('2 profiles with 2 attributes') });
});

test('where it finds none, the error says what to give the worker', async () => {
  const none = await check({ root: 's3://warehouse/shop', storage: { endpoint: s3.url } }, {});
  expect(none.text).toMatch(/SECRET_UNAVAILABLE: There are no credentials to list s3:\/\/warehouse/);
  const region = await check({ root: 's3://warehouse/shop' }, {});
  expect(region.text).toMatch(/CONFIG_INVALID: The region of s3:\/\/warehouse is not known/);
  const azure = await check({ root: 'az://contoso/unload' }, {});
  // Where it runs, there may be a service that gives identities.
  expect(azure.text).toMatch(
    /(SOURCE|SECRET)_UNAVAILABLE: There are no credentials to list az:\/\/contoso\/unload/,
  );
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as Microsoft Entra gives it, which azurite examines but for its signature. */
function tokenFor(audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: audience, iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/' };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, iat: now - 60, nbf: now - 60, exp: now + 3600, ver: '1.0' })}.c2lnbmF0dXJl`;
}

test('a managed identity of Microsoft Entra reads a container', async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request =
    'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1';
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const azure = await startAzure({ cert, key });
  const asked: string[] = [];
  const identity = createServer(({ url = '', headers }, answer) => {
    asked.push(String(headers['x-identity-header']));
    const resource = new URL(url, 'http://127.0.0.1').searchParams.get('resource') ?? '';
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const token = {
      access_token: tokenFor(resource),
      expires_on: String(expires),
      resource,
      token_type: 'Bearer',
    };
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(token));
  });
  await new Promise<void>((listening) => identity.listen(0, '127.0.0.1', listening));
  try {
    const { port } = identity.address() as { port: number };
    await azure.at(azure.url).put('shop/customers.csv', CSV);
    const root = `az://${ACCOUNT}/${BUCKET}/shop`;
    const settings = { root, storage: { endpoint: `${azure.url}/${ACCOUNT}` } };
    const found = await check(settings, {
      NODE_EXTRA_CA_CERTS: cert,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`,
      IDENTITY_HEADER: 'of-this-app',
    });
    expect(found).toMatchObject({ code: 0, text: expect.stringContaining('2 profiles with 2 attributes') });
    expect(asked).toEqual(expect.arrayContaining(['of-this-app']));
    const untrusted = await check(settings, {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`,
      IDENTITY_HEADER: 'of-this-app',
    });
    expect(untrusted.text).toMatch(/SOURCE_UNREADABLE: .*certificate was not accepted/);
  } finally {
    identity.close();
    await azure.close();
  }
});
