import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(__dirname, '../../src/sandbox');
const ALLOWED = ['tar-stream', 'zod'];

test('the sandbox imports nothing of the product, so it cannot share a mistake with the code that it tests', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(30);
  const foreign = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import|require)\s*\(?'([^']+)'/g)]
      .map(([, name]) => name!)
      .filter((name) => !isAllowed(name, dirname(join(ROOT, file))))
      .map((name) => `${file} imports ${name}`),
  );
  expect(foreign).toEqual([]);
});

function isAllowed(name: string, folder: string): boolean {
  if (name.startsWith('.')) return !relative(ROOT, resolve(folder, name)).startsWith('..');
  return name.startsWith('node:') || ALLOWED.includes(name);
}
