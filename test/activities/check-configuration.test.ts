import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCheckConfiguration } from '../../src/activities/check-configuration';
import { WorkerConfigSchema } from '../../src/contract/config';
import { ConfigureInputSchema } from '../../src/contract/destination';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { openResources, type Resources } from '../../src/worker';

const KEY = 'CHECK_CONFIGURATION_KEY';
const NAMES: Readonly<Record<string, string>> = {
  plain: ' VIP ',
  long: 'x'.repeat(101),
  lines: 'VIP\nof all',
  escape: 'VIP\u001b[2J',
  blank: '  ',
};

let folder: string;
let sandbox: Sandbox;
let resources: Resources;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-configuration-'));
  sandbox = await startSandbox();
  process.env[KEY] = sandbox.apiKey;
  await writeFile(join(folder, 'p.csv'), 'id,email\n1,ada@shop.test\n');
  const segments = Object.entries(NAMES).map(([id, name]) => [id, { name, sql: 'SELECT id FROM profiles' }]);
  const config = WorkerConfigSchema.parse({
    staging: { folder: 'staging' },
    accounts: { main: { apiKey: `env:${KEY}`, baseUrl: sandbox.url } },
    sources: {
      people: {
        kind: 'files',
        profiles: { path: 'p.csv', key: 'id' },
        segments: Object.fromEntries(segments) as object,
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

function configure(segments: Readonly<Record<string, string | null>>) {
  return createCheckConfiguration(resources)({
    account: 'main',
    audienceId: 'a1b2c3d4e5',
    source: 'people',
    request: ConfigureInputSchema.parse({ email: 'email', segments }),
    own: [],
  });
}

test('a segment becomes a tag by its own name, trimmed', async () => {
  expect((await configure({ plain: null })).segments).toMatchObject([{ segment: 'plain', tag: 'VIP' }]);
});

test.each(['long', 'lines', 'escape', 'blank'])(
  'a segment whose own name cannot be a tag is refused without the name, and taken under another: %s',
  async (segment) => {
    await expect(configure({ [segment]: null })).rejects.toMatchObject({
      code: 'TAG_INVALID',
      message: expect.stringContaining(`The segment ${segment} has a name that cannot be a tag`),
    });
    expect((await configure({ [segment]: 'VIP' })).segments).toMatchObject([{ segment, tag: 'VIP' }]);
  },
);
