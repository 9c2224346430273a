import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { peerDependencies, peerDependenciesMeta } from '../../package.json';
import { packages } from '../../package-lock.json';
import { readStages } from './dockerfile';
import { DEPLOY } from './manifests';

const peers = (...features: string[]) =>
  spawnSync(process.execPath, [join(DEPLOY, 'peers.js'), ...features], { encoding: 'utf8' });

test('the image runs the worker as a user that is not root, and has no tools of its build', () => {
  const stages = readStages();
  expect(stages.map(({ name }) => name)).toEqual(['build', 'packages', '']);
  const { base, instructions } = stages.at(-1)!;
  expect(base).toMatch(/-slim$/);
  const of = (wanted: string) => instructions.filter(({ name }) => name === wanted).map(({ text }) => text);
  expect(of('USER')).toEqual(['10001:10001']);
  expect([...of('ENTRYPOINT'), ...of('CMD')].map((text) => JSON.parse(text) as string[])).toEqual([
    ['node', '/app/dist/cli/main.js'],
    ['worker'],
  ]);
  // Nothing but files of the stages before; npm, npx, corepack and yarn of the base are gone.
  expect(of('COPY').filter((text) => !text.startsWith('--from='))).toEqual([]);
  expect(of('RUN')).toEqual([expect.stringMatching(/^rm -rf .*node_modules .*npm .*corepack .*yarn/)]);
});

test('the image has the packages that a worker needs, with the versions of the tests', () => {
  const needed = Object.keys(peerDependencies).filter((name) => !(name in peerDependenciesMeta));
  const { stdout } = peers('@aws-sdk/client-s3');
  const expected = [...needed, '@aws-sdk/client-s3'].map((name) => {
    const entry = (packages as Record<string, { version?: string }>)[`node_modules/${name}`];
    return `${name}@${entry?.version}`;
  });
  expect(stdout.trim().split(' ').toSorted()).toEqual(expected.toSorted());
});

test('a feature that needs no package of ours is refused by its name', () => {
  const { status, stderr } = peers('aws-sdk');
  expect(status).not.toBe(0);
  expect(stderr).toContain('No peer of this package: aws-sdk.');
});
