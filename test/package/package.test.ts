import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LOWEST_SDK } from '../../src/plugin/check-sdk';
import { pack, ROOT, type Packed } from './packed';

const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

let packed: Packed;
beforeAll(async () => {
  packed = await pack();
});
afterAll(() => packed.remove());

const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);

test('publint has nothing to suggest', async () => {
  const { stdout } = await run(bin('publint'), ['run', packed.tarball, '--strict']);
  expect(stdout).toContain('All good!');
});

test('every entry has its types in every module resolution', async () => {
  const { stdout } = await run(bin('attw'), [packed.tarball, '--profile', 'strict', '--no-emoji']);
  expect(stdout).toContain('No problems found');
});

test('every source map names a source that the package contains', () => {
  const contained = new Set(packed.files);
  const maps = packed.files.filter((path) => path.endsWith('.map'));
  expect(maps.length).toBeGreaterThan(100);
  const missing = maps.flatMap((map) => {
    const { sources } = JSON.parse(readFileSync(join(ROOT, map), 'utf8')) as { sources: string[] };
    return sources
      .map((source) => posix.join(posix.dirname(map), source))
      .filter((path) => !contained.has(path));
  });
  expect(missing).toEqual([]);
});

test('the package contains no path of the machine that built it', () => {
  const bundle = packed.files.find((path) => path.startsWith('dist/workflow-bundle'))!;
  const [code = '', map = ''] = readFileSync(join(ROOT, bundle), 'utf8').split(
    /sourceMappingURL=data:.*base64,/,
  );
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString()) as { sources: string[] };
  expect(sources).toContain('./src/workflows/export/export.ts');
  expect(sources.filter((path) => path.includes(ROOT))).toEqual([]);
  expect(code.includes(ROOT)).toBe(false);
});

test('the package takes less than 7 MB', () => {
  expect(packed.unpackedSize).toBeLessThan(7_000_000);
});

const isOfSdk = ([name]: readonly [string, string]) => name.startsWith('@temporalio/');

test('package.json, the check at start and the tests agree on the range of the Temporal SDK', () => {
  const all = Object.entries<string>(manifest.peerDependencies);
  const others = all.filter((peer) => !isOfSdk(peer)).map(([name]) => name);
  // Loaded only where they are installed: charts, tracing, that of Nexus, which has versions of its own, and readers.
  expect(others).toEqual([
    '@aws-sdk/client-s3',
    '@azure/identity',
    '@azure/storage-blob',
    '@observablehq/plot',
    '@opentelemetry/api',
    'linkedom',
    'nexus-rpc',
    'pg',
    'pg-copy-streams',
    'read-excel-file',
  ]);
  expect(others.every((name) => manifest.peerDependenciesMeta[name].optional)).toBe(true);
  const peers = all.filter(isOfSdk);
  expect(new Set(peers.map(([, range]) => range))).toEqual(new Set([`>=${LOWEST_SDK} <2`]));
  expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith('@temporalio/'))).toEqual([]);
  // One version, the newest that is tested: of two, npm installs two copies.
  expect(new Set(peers.map(([name]) => manifest.devDependencies[name])).size).toBe(1);
});
