import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { VERSION, WORKFLOWS_MARKER } from '../../src/contract/version';

const ROOT = resolve(__dirname, '../..');

/** Loads an entry of the built package in a new process. @returns its names, and the paths of all modules that were loaded */
function load(entry: string): { names: string[]; modules: string[] } {
  const script = `
    const names = Object.keys(require(${JSON.stringify(entry)})).sort();
    process.stdout.write(JSON.stringify({ names, modules: Object.keys(require.cache) }));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' }));
}

/** Direct dependencies of this package of which an entry loads a module, also by way of another package. */
function dependenciesOf(entry: string): string[] {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { modules } = load(entry);
  return Object.keys({ ...dependencies, ...peerDependencies })
    .filter((name) => modules.some((path) => path.startsWith(join(ROOT, 'node_modules', name, '/'))))
    .toSorted();
}

describe('what the package promises', () => {
  test('the entries export these names and no others', () => {
    expect(load('temporal-mailchimp').names).toEqual(['ExportError', 'MailchimpPlugin', 'OUTCOMES']);
    expect(load('temporal-mailchimp/client').names).toEqual([
      'CONSENT_TEXT',
      'ExportClient',
      'ExportError',
      'ExportFailedError',
      'OUTCOMES',
    ]);
    expect(load('temporal-mailchimp/workflows').names).toEqual([
      'mailchimpAccount',
      'mailchimpAlert',
      'mailchimpDestination',
      'mailchimpExport',
      'mailchimpExportSegments',
      'mailchimpForget',
      'mailchimpPlan',
      'mailchimpRefresh',
      'mailchimpVerify',
      'mailchimpWorkflowsMarker',
    ]);
    expect(load('temporal-mailchimp/encryption').names).toEqual(['createEncryptionCodec']);
    expect(load('temporal-mailchimp/nexus').names).toEqual(['mailchimpExports']);
    expect(load('temporal-mailchimp/nexus-handler').names).toEqual(['mailchimpExportsHandler']);
    expect(load('temporal-mailchimp/sandbox').names).toEqual([
      'DEFAULT_API_KEY',
      'DEFAULT_SWITCHES',
      'parseFault',
      'startSandbox',
    ]);
    expect(load('temporal-mailchimp/testing').names).toEqual([
      'mailchimpTransportContract',
      'secretResolverContract',
      'segmentSourceContract',
      'stagingStoreContract',
    ]);
  });

  test('the client loads neither DuckDB nor the native worker', () => {
    const { modules } = load('temporal-mailchimp/client');
    expect(modules.length).toBeGreaterThan(10);
    expect(modules.filter((path) => /duckdb|@temporalio\/(worker|core-bridge)/.test(path))).toEqual([]);
  });

  // What only the sandbox, the CLI or dev needs is missing here: commander, cli-*, yaml, @temporalio/testing.
  test('each entry loads these direct dependencies and no others', () => {
    expect(dependenciesOf('temporal-mailchimp')).toEqual([
      '@duckdb/node-api',
      '@mailchimp/mailchimp_marketing',
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      // This one, and nexus-rpc everywhere, by the SDK itself.
      '@temporalio/nexus',
      '@temporalio/plugin',
      '@temporalio/worker',
      '@temporalio/workflow',
      'nexus-rpc',
      'tar-stream',
      'zod',
    ]);
    expect(dependenciesOf('temporal-mailchimp/client')).toEqual([
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/workflow',
      'nexus-rpc',
      'zod',
    ]);
    expect(dependenciesOf('temporal-mailchimp/workflows')).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'nexus-rpc',
      'zod',
    ]);
    expect(dependenciesOf('temporal-mailchimp/nexus')).toEqual(['nexus-rpc']);
    expect(dependenciesOf('temporal-mailchimp/sandbox')).toEqual(['tar-stream', 'zod']);
  });

  test('the sandbox loads no other code of ours', () => {
    const { modules } = load('temporal-mailchimp/sandbox');
    const ours = modules.filter((path) => path.startsWith(join(ROOT, 'dist/')));
    expect(ours.filter((path) => !path.startsWith(join(ROOT, 'dist/sandbox/')))).toEqual([]);
  });

  test('no other path of the package resolves', () => {
    expect(() => load('temporal-mailchimp/dist/plugin/mailchimp-plugin.js')).toThrow(
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    );
  });

  test('the version in the workflow bundle is the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(VERSION).toBe(version);
    expect(WORKFLOWS_MARKER).toBe(`temporal-mailchimp-workflows@${version}`);
  });
});

test('the contract suites bring no test runner, so that each runner can run them', () => {
  const { modules } = load('temporal-mailchimp/testing');
  expect(modules.filter((path) => /node_modules\/(@jest|jest|vitest|mocha)\b/.test(path))).toEqual([]);
});

describe('the workflow bundle', () => {
  const code = readFileSync(process.env['WORKFLOW_BUNDLE'] ?? '', 'utf8');
  const packages = [...code.matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/g)].map(([, name]) => name);

  test('contains only the SDK, zod and our code', () => {
    const allowed = new Set([
      '@temporalio/workflow',
      '@temporalio/common',
      '@temporalio/worker',
      'zod',
      'nexus-rpc',
      'long',
      'ms',
      'source-map',
      'abort-controller',
    ]);
    expect(packages).toContain('@temporalio/workflow');
    expect([...new Set(packages)].filter((name) => !allowed.has(name ?? ''))).toEqual([]);
  });

  test('contains only workflows, text, contract and errors of ours', () => {
    const ours = [...code.matchAll(/\.\/(?:src|dist)\/(\w+)/g)].map(([, folder]) => folder);
    expect(new Set(ours)).toEqual(new Set(['contract', 'errors', 'text', 'workflows']));
  });

  test('carries the marker that the plugin asks for', () => {
    expect(code).toContain(WORKFLOWS_MARKER);
  });
});
