import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LOWEST_SDK } from '../../src/plugin/check-sdk';

const run = promisify(execFile);
const ROOT = resolve(__dirname, '../..');

/** A project with what the check reads: our code, and the package.json of each package. test/package has whole installations. */
let project: string;

beforeEach(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), 'check-sdk-')));
  const ours = join(project, 'node_modules/temporal-mailchimp');
  await cp(join(ROOT, 'package.json'), join(ours, 'package.json'));
  for (const file of [
    'index.js',
    'errors.js',
    'plugin/mailchimp-plugin.js',
    'plugin/one-sdk.js',
    'plugin/check-sdk.js',
  ])
    await cp(join(ROOT, 'dist', file), join(ours, 'dist', file));
  for (const name of ['activity', 'common', 'proto', 'worker', 'workflow']) await put(name, '1.23.0');
  await put('../protobufjs', '8.8.1');
});
afterEach(() => rm(project, { recursive: true, force: true }));

/** Adds a package, below another one if it is named. */
async function put(name: string, version: string, below = ''): Promise<string> {
  const folder = join(project, 'node_modules', below, below && 'node_modules', '@temporalio', name);
  const manifest = JSON.parse(
    await readFile(join(ROOT, 'node_modules/@temporalio', name, 'package.json'), 'utf8'),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, version }));
  return folder;
}

function folder(name: string): string {
  return join(project, 'node_modules/@temporalio', name);
}

async function errorOfImport(): Promise<string> {
  const script =
    "try { require('temporal-mailchimp') } catch (error) { console.log(error.code, error.message) }";
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: project });
  return stdout;
}

test('copies that belong together pass the check, and then the SDK is loaded', async () => {
  // It has no code here.
  expect(await errorOfImport()).toMatch(/^MODULE_NOT_FOUND .*@temporalio/);
});

test('a package that the worker has in a copy of its own is refused, with versions, folders and what to do', async () => {
  const nested = await put('activity', '1.24.0', '@temporalio/worker');
  const said = await errorOfImport();
  expect(said).toContain(
    `TEMPORAL_SDK_MISMATCH temporal-mailchimp uses @temporalio/activity 1.23.0 (${folder('activity')}), ` +
      `but @temporalio/worker 1.23.0 (${folder('worker')}) uses @temporalio/activity 1.24.0 (${nested}).`,
  );
  expect(said).toContain('Install one version of all @temporalio packages');
});

test('two copies of the protocol that share protobufjs are refused', async () => {
  await put('proto', '1.24.0', '@temporalio/common');
  expect(await errorOfImport()).toMatch(
    /^TEMPORAL_SDK_MISMATCH There are @temporalio\/proto 1\.23\.0 .* 1\.24\.0 /,
  );
});

test('two copies of the protocol that each have their own protobufjs are not', async () => {
  const nested = await put('proto', '1.24.0', '@temporalio/common');
  await cp(join(project, 'node_modules/protobufjs'), join(dirname(dirname(nested)), 'protobufjs'), {
    recursive: true,
  });
  expect(await errorOfImport()).toMatch(/^MODULE_NOT_FOUND .*@temporalio/);
});

test.each(['1.14.0', '1.9.3', '0.23.2', '2.0.0'])(
  'version %s, below the range or above, is refused',
  async (version) => {
    await put('worker', version);
    expect(await errorOfImport()).toContain(
      `TEMPORAL_SDK_MISMATCH temporal-mailchimp needs @temporalio/worker ${LOWEST_SDK} or later, below 2. It finds @temporalio/worker ${version} (`,
    );
  },
);
