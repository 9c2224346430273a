import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCheckConnection } from '../../src/activities/check-connection';
import { WorkerConfigSchema } from '../../src/config/config';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { openResources, type Resources } from '../../src/plugin/resources';

const AUDIENCE = '1a2b3c4d5e';
const KEY = 'CHECK_CONNECTION_KEY';

let folder: string;
let sandbox: Sandbox;
let resources: Resources;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-connection-'));
  sandbox = await startSandbox();
  process.env[KEY] = sandbox.apiKey;
  await writeFile(join(folder, 'p.csv'), 'id,email\n1,ada@shop.test\n');
  const config = WorkerConfigSchema.parse({
    staging: { folder: 'staging' },
    accounts: { main: { apiKey: `env:${KEY}`, baseUrl: sandbox.url } },
    sources: {
      shop: {
        kind: 'files',
        profiles: { path: 'p.csv', key: 'id' },
        segments: { all: { name: 'All', sql: 'SELECT id FROM profiles' } },
      },
    },
  });
  resources = await openResources(config, folder);
});

afterAll(async () => {
  await resources.close();
  await sandbox.close();
  await rm(folder, { recursive: true });
  delete process.env[KEY];
});

function check(accountId: string | null) {
  return createCheckConnection(resources)({
    destinationId: 'newsletter',
    request: {
      name: 'Newsletter',
      account: 'main',
      audienceId: AUDIENCE,
      source: 'shop',
      statusIfNew: 'subscribed',
      exportUser: 'marketing',
      adopt: false,
    },
    accountId,
    consent: { agreedBy: 'Kim' },
  });
}

test('a key of another account than the one that was connected is refused', async () => {
  const { accountId } = await check(null);
  await expect(check(`${accountId}0`)).rejects.toMatchObject({ code: 'ACCOUNT_MISMATCH' });
  await expect(check(accountId)).resolves.toMatchObject({ accountId, audience: { id: AUDIENCE } });
});
