import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const ROOT = resolve(__dirname, '../..');
const run = promisify(execFile);

test('the API reference is that of the docstrings, with every export documented and every link found', async () => {
  const out = await mkdtemp(join(tmpdir(), 'reference-'));
  try {
    await run('npm', ['ci', '--prefix', 'docs', '--no-audit', '--no-fund'], { cwd: ROOT });
    // Fails at a warning.
    await run('npm', ['run', '--prefix', 'docs', 'build', '--', '--out', out], { cwd: ROOT });
    // When this differs: npm run docs
    expect(await filesIn(join(ROOT, 'docs/api'))).toEqual(await filesIn(out));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true });
  const names = entries.filter((name) => name.endsWith('.md')).toSorted();
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}
