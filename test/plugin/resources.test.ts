import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WorkerConfigSchema } from '../../src/config/config';
import { openResources, type Resources } from '../../src/plugin/resources';

let folder: string;
let resources: Resources;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resources-'));
  await writeFile(join(folder, 'profiles.csv'), 'id,email\n1,ada@shop.test\n');
  const config = WorkerConfigSchema.parse({
    staging: { folder: 'staging' },
    accounts: { main: { apiKey: 'env:NOBODY_SETS_THIS' } },
    sources: { people: { kind: 'files', profiles: { path: 'profiles.csv', key: 'id' }, segments: {} } },
  });
  resources = await openResources(config, folder);
});

afterEach(async () => {
  await resources.close();
  await rm(folder, { recursive: true });
});

test('copies of rows that a killed worker left are swept away when a source is opened again', async () => {
  const scratch = join(folder, 'staging', 'scratch');
  await mkdir(join(scratch, 'source-killed'), { recursive: true });
  await writeFile(join(scratch, 'source-killed', 'table-profiles.parquet'), 'rows');
  await utimes(join(scratch, 'source-killed'), 1, 1);
  const source = await resources.openSource('people');
  expect((await source.check()).profiles).toBe(1);
  await source.close();
  expect(await readdir(scratch)).toEqual([]);
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
