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
    [...codeOf(join(ROOT, file)).matchAll(/(?:from|import|require)\s*\(?'([^']+)'/g)]
      .map(([, name]) => name!)
      .filter((name) => !isAllowed(name, dirname(join(ROOT, file))))
      .map((name) => `${file} imports ${name}`),
  );
  expect(foreign).toEqual([]);
});

/** Without comments, whose examples import the package by its name. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
}

function isAllowed(name: string, folder: string): boolean {
  if (name.startsWith('.')) return !relative(ROOT, resolve(folder, name)).startsWith('..');
  return name.startsWith('node:') || ALLOWED.includes(name);
}
