import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { findTestServer } from '../../src/dev/test-server';
import { startTimeSkipping } from '../support/skip-time';
import { fakeExecutable } from './fake-executable';

// Leaves a jar where the real one does.
const MAVEN = `for arg in "$@"; do case "$arg" in -DoutputDirectory=*) lib="\${arg#*=}";; esac; done
/bin/mkdir -p "$lib"; : > "$lib/server.jar"`;

let folder: string;
let bin: string;
let cache: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-server-'));
  bin = join(folder, 'bin');
  cache = join(folder, 'cache');
  // A proxy address without a listener makes the SDK's download fail immediately, with and without internet.
  env = { PATH: bin, TEMPORAL_MAILCHIMP_CACHE: cache, HTTPS_PROXY: 'http://127.0.0.1:9' };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('TEMPORAL_TEST_SERVER_PATH comes before the cache', async () => {
  const named = fakeExecutable(join(folder, 'named'), 'server', '');
  fakeExecutable(join(cache, 'temporal-test-server-maven-1.38.0-b'), 'temporal-test-server', '');
  expect(await findTestServer({ env: { ...env, TEMPORAL_TEST_SERVER_PATH: named } })).toBe(named);
});

test("after the SDK's download has failed, Maven fills the cache with the jars and a script that runs them", async () => {
  fakeExecutable(bin, 'mvn', MAVEN);
  fakeExecutable(bin, 'java', '');
  const path = await findTestServer({ env });
  const entry = join(cache, 'temporal-test-server-maven-1.38.0-b');
  expect(path).toBe(join(entry, 'temporal-test-server'));
  expect(readdirSync(entry, { recursive: true }).map(String).toSorted()).toEqual([
    'lib',
    'lib/server.jar',
    'temporal-test-server',
  ]);
});

test('when every way fails, one error says what was tried and what to install', async () => {
  fakeExecutable(bin, 'java', '');
  await expect(findTestServer({ env })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringMatching(
      /No Temporal time-skipping test server[^]*SDK's download: exit code 1[^]*Maven Central, version 1\.38\.0: no mvn on the PATH[^]*Install Java/,
    ),
  });
});

test('a workflow that sleeps for three hours ends within seconds on the test server', async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger });
  const testEnv = await startTimeSkipping();
  try {
    const worker = await Worker.create({
      connection: testEnv.nativeConnection,
      taskQueue: 'sleep',
      workflowsPath: require.resolve('./sleep-workflow'),
    });
    const slept = await worker.runUntil(
      testEnv.client.workflow.execute('sleepThreeHours', { workflowId: 'sleep', taskQueue: 'sleep' }),
    );
    expect(slept).toBeGreaterThanOrEqual(3 * 60 * 60 * 1000);
  } finally {
    await testEnv.teardown();
  }
});
