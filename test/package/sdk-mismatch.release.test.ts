import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LOWEST_SDK } from '../../src/plugin/check-sdk';
import { pack } from './packed';
import { installProject, NEWEST_SDK, sdkOf, type Project } from './project';

// Prints what the plugin's error says, and nothing if there is none.
const AT_IMPORT = `
  try { require('temporal-mailchimp'); } catch (error) { console.log(error.code, error.message); }`;
const AFTER_THE_HOSTS = `require('@temporalio/worker'); ${AT_IMPORT}`;
const BEFORE_THE_HOSTS = `
  const { MailchimpPlugin } = require('temporal-mailchimp');
  const { NativeConnection, Worker } = require('@temporalio/worker');
  async function main() {
    const plugin = new MailchimpPlugin({ accounts: {}, sources: {} });
    const connection = await NativeConnection.connect({ address: process.env.TEST_TEMPORAL_ADDRESS });
    const options = { connection, taskQueue: 'mismatch', activities: { nothing: async () => undefined } };
    await Worker.create({ ...options, plugins: [plugin] }).catch((error) => console.log('create:', error.code, error.message));
    const worker = await Worker.create(options);
    await plugin.runWorker(worker, async () => undefined).catch((error) => console.log('run:', error.code, error.message));
    await worker.runUntil(Promise.resolve());
    await connection.close();
  }
  main();`;

/** The project has the lowest SDK beside this package; in its folder `app`, a host has the newest. */
let project: Project;
let app: Project;

beforeAll(async () => {
  const packed = await pack();
  try {
    project = await installProject('npm', [packed.tarball, ...sdkOf(LOWEST_SDK)]);
  } finally {
    await packed.remove();
  }
  app = await installProject('npm', sdkOf(NEWEST_SDK), join(project.folder, 'app'));
  const files = { 'import.cjs': AT_IMPORT, 'after.cjs': AFTER_THE_HOSTS, 'before.cjs': BEFORE_THE_HOSTS };
  for (const one of [project, app]) await one.write(files);
});
afterAll(() => project.remove());

const copy = (name: string, version: string, folder: string): string =>
  `@temporalio/${name} ${version} (${join(project.folder, folder, 'node_modules/@temporalio', name)})`;

test('one copy of the SDK is no error', async () => {
  expect(await project.run(process.execPath, 'after.cjs')).toBe('');
});

describe('a host with another copy of the SDK', () => {
  test('gets one error from the import, with both versions and places, and what to do', async () => {
    const said = await app.run(process.execPath, 'after.cjs');
    expect(said).toContain(
      `TEMPORAL_SDK_MISMATCH ${copy('worker', NEWEST_SDK, 'app')} is loaded, but temporal-mailchimp uses ${copy('worker', LOWEST_SDK, '')}.`,
    );
    expect(said).toContain('Install one version of all @temporalio packages');
  });

  test('gets it from Worker.create or worker.run when its copy is loaded later', async () => {
    const said = (await app.run(process.execPath, 'before.cjs')).trim().split('\n');
    expect(said).toEqual([
      expect.stringMatching(/^create: TEMPORAL_SDK_MISMATCH The host's NativeConnection is of /),
      expect.stringMatching(/^run: TEMPORAL_SDK_MISMATCH The host's Worker is of /),
    ]);
    for (const line of said) {
      expect(line).toContain(copy('worker', NEWEST_SDK, 'app'));
      expect(line).toContain(copy('worker', LOWEST_SDK, ''));
    }
  });
});

describe('a project whose packages of the SDK do not belong together', () => {
  test('gets the error instead of the crash of a protocol that is loaded twice', async () => {
    const nested = join(project.folder, 'node_modules/@temporalio/common/node_modules/@temporalio/proto');
    await cp(join(project.folder, 'node_modules/@temporalio/proto'), nested, { recursive: true });
    try {
      await expect(project.run(process.execPath, '-e', "require('@temporalio/worker')")).rejects.toThrow(
        /duplicate name/,
      );
      expect(await project.run(process.execPath, 'import.cjs')).toMatch(
        /^TEMPORAL_SDK_MISMATCH There are @temporalio\/proto .* and @temporalio\/proto /,
      );
    } finally {
      await rm(join(project.folder, 'node_modules/@temporalio/common/node_modules'), { recursive: true });
    }
  });

  test('gets the error where the worker would not find the context of a step', async () => {
    const nested = join(project.folder, 'node_modules/@temporalio/worker/node_modules/@temporalio/activity');
    await cp(join(app.folder, 'node_modules/@temporalio/activity'), nested, { recursive: true });
    try {
      const said = await project.run(process.execPath, 'import.cjs');
      expect(said).toContain(`temporal-mailchimp uses ${copy('activity', LOWEST_SDK, '')}, but`);
      expect(said).toContain(`@temporalio/activity ${NEWEST_SDK} (${nested})`);
    } finally {
      await rm(join(project.folder, 'node_modules/@temporalio/worker/node_modules'), { recursive: true });
    }
  });

  test.each(['1.13.2', '2.0.0'])(
    'gets the error for version %s, which is not in the range',
    async (version) => {
      const file = join(project.folder, 'node_modules/@temporalio/worker/package.json');
      const text = await readFile(file, 'utf8');
      await writeFile(file, JSON.stringify({ ...JSON.parse(text), version }));
      try {
        expect(await project.run(process.execPath, 'import.cjs')).toContain(
          `temporal-mailchimp needs @temporalio/worker ${LOWEST_SDK} or later, below 2. It finds @temporalio/worker ${version} (`,
        );
      } finally {
        await writeFile(file, text);
      }
    },
  );
});
