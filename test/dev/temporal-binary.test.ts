import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { fakeExecutable } from './fake-executable';

let folder: string;
let bin: string;
let cache: string;
let env: NodeJS.ProcessEnv;

// The visible effect of the real one: an executable in GOBIN.
const GO = `echo "$@" >> "\${0%/*}/go.log"; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; /bin/chmod 755 "$GOBIN/temporal"`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'temporal-binary-'));
  bin = join(folder, 'bin');
  cache = join(folder, 'cache');
  // A proxy address without a listener makes the SDK's download fail immediately, with and without internet.
  env = { PATH: bin, TEMPORAL_MAILCHIMP_CACHE: cache, HTTPS_PROXY: 'http://127.0.0.1:9' };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('TEMPORAL_CLI_PATH comes before the PATH and the cache', async () => {
  const named = fakeExecutable(join(folder, 'named'), 'my-temporal', '');
  fakeExecutable(bin, 'temporal', '');
  fakeExecutable(join(cache, 'temporal-go-1.5.1'), 'temporal', '');
  expect(await findTemporalBinary({ env: { ...env, TEMPORAL_CLI_PATH: named } })).toBe(named);
});

test('a TEMPORAL_CLI_PATH that is not an executable file is an error and is not skipped', async () => {
  fakeExecutable(bin, 'temporal', '');
  const wrong = { ...env, TEMPORAL_CLI_PATH: folder };
  await expect(findTemporalBinary({ env: wrong })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringContaining(`TEMPORAL_CLI_PATH names ${folder}`),
  });
});

test('temporal on the PATH comes before the cache, and a file that cannot be run is skipped', async () => {
  const dull = join(folder, 'dull');
  chmodSync(fakeExecutable(dull, 'temporal', ''), 0o644);
  const onPath = fakeExecutable(bin, 'temporal', '');
  fakeExecutable(join(cache, 'temporal-go-1.5.1'), 'temporal', '');
  expect(await findTemporalBinary({ env: { ...env, PATH: `${dull}:${bin}` } })).toBe(onPath);
});

test('a cached binary is used without output', async () => {
  const cached = fakeExecutable(join(cache, 'temporal-go-1.5.1'), 'temporal', '');
  const messages: string[] = [];
  expect(await findTemporalBinary({ env, report: (message) => messages.push(message) })).toBe(cached);
  expect(messages).toEqual([]);
});

test.each([
  ['XDG_CACHE_HOME', ['temporal-mailchimp']],
  ['HOME', ['.cache', 'temporal-mailchimp']],
])('without a cache of our own the one under %s is used', async (variable, below) => {
  const cached = fakeExecutable(join(folder, ...below, 'temporal-go-1.5.1'), 'temporal', '');
  expect(await findTemporalBinary({ env: { PATH: bin, [variable]: folder } })).toBe(cached);
});

test("after the SDK's download has failed, go install fills the cache, and each step is reported with its time", async () => {
  fakeExecutable(bin, 'go', GO);
  const messages: string[] = [];
  const path = await findTemporalBinary({ env, report: (message) => messages.push(message) });
  expect(path).toBe(join(cache, 'temporal-go-1.5.1', 'temporal'));
  expect(readFileSync(join(bin, 'go.log'), 'utf8')).toBe(
    'install github.com/temporalio/cli/cmd/temporal@v1.5.1\n',
  );
  expect(messages).toEqual([
    expect.stringMatching(/SDK's download \(up to a minute, once\)/),
    expect.stringMatching(/failed after [\d.]+ s: /),
    expect.stringMatching(/`go install` of version 1\.5\.1 \(5 to 6 minutes on two cores, once\)/),
    expect.stringMatching(/done in [\d.]+ s: .*temporal-go-1\.5\.1\/temporal$/),
  ]);
  expect(readdirSync(cache)).toEqual(['temporal-go-1.5.1']);
});

test('two concurrent lookups build once', async () => {
  fakeExecutable(bin, 'go', GO);
  const messages: string[] = [];
  const report = (message: string) => void messages.push(message);
  const paths = await Promise.all([findTemporalBinary({ env, report }), findTemporalBinary({ env, report })]);
  expect(new Set(paths).size).toBe(1);
  expect(readFileSync(join(bin, 'go.log'), 'utf8').trim().split('\n')).toHaveLength(1);
  expect(messages).toContainEqual(expect.stringContaining('Another process is fetching the Temporal CLI'));
});

test('the lock and the incomplete folder of a killed build do not matter', async () => {
  fakeExecutable(bin, 'go', GO);
  fakeExecutable(join(cache, '.temporal-go-1.5.1.0000'), 'half', '');
  const lock = join(cache, 'temporal.lock');
  writeFileSync(lock, 'another-process');
  utimesSync(lock, new Date(0), new Date(0));
  await findTemporalBinary({ env });
  expect(readdirSync(cache)).toEqual(['temporal-go-1.5.1']);
});

test('when every way fails, one error says what was tried and what to install, and the cache stays empty', async () => {
  fakeExecutable(bin, 'go', 'echo "go: module lookup disabled" >&2; exit 1');
  await expect(findTemporalBinary({ env })).rejects.toMatchObject({
    code: 'TEMPORAL_SERVER_UNAVAILABLE',
    message: expect.stringMatching(
      new RegExp(
        [
          'No Temporal CLI was found',
          'TEMPORAL_CLI_PATH is not set',
          'no temporal on the PATH',
          `nothing cached in ${cache}`,
          "the Temporal SDK's download: exit code 1: .*",
          '`go install` of version 1.5.1: exit code 1: go: module lookup disabled',
          'Install the Temporal CLI .* or Go 1.25 or later',
        ].join('[^]*'),
      ),
    ),
  });
  expect(readdirSync(cache)).toEqual([]);
});

test('with an empty PATH the error says that Go is missing too', async () => {
  await expect(findTemporalBinary({ env: { ...env, PATH: '' } })).rejects.toMatchObject({
    message: expect.stringContaining('`go install` of version 1.5.1: no go on the PATH'),
  });
  expect(existsSync(join(cache, 'temporal.lock'))).toBe(false);
});
