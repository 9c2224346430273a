import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** What says what an export means, a second time. */
const MODEL = [
  'model.ts',
  'changes.ts',
  'history.ts',
  'undo.ts',
  'taking-back.ts',
  'suppression.ts',
  'verification.ts',
  'forgetting.ts',
  'audience.ts',
  'remembered.ts',
  'mailchimp.ts',
  'selection.ts',
  'leavers.ts',
  'removal.ts',
  'limits.ts',
  'count.ts',
  'sets.ts',
  'world.ts',
];

const read = (name: string) => readFileSync(join(__dirname, '../model', name), 'utf8');

test('the model of exports imports nothing of ours: it cannot share a mistake with what it judges', () => {
  const imports = MODEL.flatMap((name) =>
    [...read(name).matchAll(/from '([^']+)'/g)].map(([, path]) => path),
  );
  expect(imports.filter((path) => !MODEL.includes(`${path?.slice('./'.length)}.ts`))).toEqual([]);
});

test('the model of exports stays small enough to be believed', () => {
  const lines = read('model.ts').split('\n');
  const code = lines.filter((line) => !/^\s*(?:\/\/.*|\/\*.*|\*.*)?$/.test(line));
  expect(code.length).toBeLessThanOrEqual(150);
});
