import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(__dirname, '../..');

/** The text of a test file, of its long cases and of those of a release; empty when there is no such file. */
function readTests(path: string): string {
  return ['.test.ts', '.long.test.ts', '.release.test.ts']
    .map((suffix) => join(ROOT, 'test', `${path}${suffix}`))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

test.each(['RELIABILITY.md', 'SECURITY.md'])(
  'every test name that %s quotes is in the test file that it names',
  (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const quoted = [...text.matchAll(/`([\w/-]+)` "([^"]+)"/g)].map(([, path = '', name = '']) => ({
      path,
      name,
    }));
    expect(quoted.length).toBeGreaterThan(20);
    expect(quoted.filter(({ path, name }) => !readTests(path).includes(name))).toEqual([]);
  },
);
