import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

const RUN_TS = resolve(__dirname, '../dev/run-ts.cjs');
const SCRIPT = resolve(__dirname, 'print-modules.ts');

async function modulesOf(...argv: readonly string[]): Promise<{ code: number; modules: string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN_TS, SCRIPT, ...argv]);
  return JSON.parse(stdout.slice(stdout.indexOf('---\n') + 4)) as { code: number; modules: string[] };
}

const heavy = /duckdb|@temporalio\/|tar-stream|mailchimp_marketing/;

describe('a command loads only what it needs', () => {
  test('help loads no driver', async () => {
    const { code, modules } = await modulesOf('--help');
    expect(code).toBe(0);
    expect(modules.filter((path) => heavy.test(path))).toEqual([]);
  });

  test('a command that talks to Temporal loads neither DuckDB nor the native worker nor the sandbox', async () => {
    const { code, modules } = await modulesOf(
      'destination',
      'list',
      '--address',
      process.env['TEST_TEMPORAL_ADDRESS']!,
    );
    expect(code).toBe(0);
    expect(modules.some((path) => path.includes('@temporalio/client'))).toBe(true);
    expect(
      modules.filter((path) => /duckdb|@temporalio\/(worker|core-bridge)|src\/sandbox/.test(path)),
    ).toEqual([]);
  });
});
