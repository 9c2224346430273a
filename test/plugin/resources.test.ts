import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WorkerConfigSchema } from '../../src/config/config';
import { openResources, type Resources } from '../../src/plugin/resources';
import { PROCESS_NAME } from '../../src/staging/store/process-name';
import { until } from '../support/until';

const config = WorkerConfigSchema.parse({
  staging: { folder: 'staging' },
  accounts: { main: { apiKey: 'env:NOBODY_SETS_THIS' } },
  sources: { people: { kind: 'files', profiles: { path: 'profiles.csv', key: 'id' }, segments: {} } },
});

let folder: string;
let resources: Resources;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resources-'));
  await writeFile(join(folder, 'profiles.csv'), 'id,email\n1,ada@shop.test\n');
  resources = await openResources(config, folder);
});

afterEach(async () => {
  await resources.close();
  await rm(folder, { recursive: true });
});

test('what a killed worker left is swept away when a worker opens the store', async () => {
  const scratch = join(folder, 'staging', 'scratch');
  const killed = PROCESS_NAME.replace(/-\d+-\d+$/, `-${spawnSync('true').pid}-1`);
  await mkdir(join(scratch, killed, 'source-killed'), { recursive: true });
  await writeFile(join(scratch, killed, 'source-killed', 'table-profiles.parquet'), 'rows');
  await openResources(config, folder).then((other) => other.close());
  await until(async () => !existsSync(join(scratch, killed)));
  const source = await resources.openSource('people');
  expect((await source.check()).profiles).toBe(1);
  await source.close();
  expect(await readdir(join(scratch, PROCESS_NAME))).toEqual([]);
  // What a source has downloaded is gone on with by the next process.
  expect((await readdir(scratch)).toSorted()).toEqual(['downloads', PROCESS_NAME]);
});

test('scratch is for the owner only', async () => {
  const source = await resources.openSource('people');
  await source.check();
  await source.close();
  expect((await stat(join(folder, 'staging', 'scratch'))).mode & 0o777).toBe(0o700);
});

test.each(['missing', 'constructor'])('an account or source called %s does not exist', async (name) => {
  await expect(resources.openAccount(name)).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
  await expect(resources.openSource(name)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
});

test('a missing secret is named by its reference', async () => {
  await expect(resources.openAccount('main')).rejects.toMatchObject({
    code: 'SECRET_UNAVAILABLE',
    message: expect.stringContaining('env:NOBODY_SETS_THIS'),
  });
});
