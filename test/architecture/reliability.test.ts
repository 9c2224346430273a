import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(__dirname, '../..');
const reliability = readFileSync(join(ROOT, 'RELIABILITY.md'), 'utf8');

/** The text of a test file and of its long cases; empty when there is no such file. */
function readTests(path: string): string {
  return ['.test.ts', '.long.test.ts']
    .map((suffix) => join(ROOT, 'test', `${path}${suffix}`))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

test('every test name that RELIABILITY.md quotes is in the test file that it names', () => {
  const quoted = [...reliability.matchAll(/`([\w/-]+)` "([^"]+)"/g)].map(([, path = '', name = '']) => ({
    path,
    name,
  }));
  expect(quoted.length).toBeGreaterThan(20);
  expect(quoted.filter(({ path, name }) => !readTests(path).includes(name))).toEqual([]);
});
