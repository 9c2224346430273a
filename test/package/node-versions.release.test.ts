import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import semver from 'semver';
import manifest from '../../package.json';
import { pack } from './packed';
import { installProject, NEWEST_SDK, sdkOf, type Project } from './project';
import { runExample } from './run-example';

const LOWEST_NODE = semver.minVersion(manifest.engines.node)!.version;
const VERSIONS = [LOWEST_NODE, '22', '24'];
/** The npm package with nothing but the executable of Node for this machine. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

const nameOf = (version: string): string => `node${semver.coerce(version)!.major}`;

let project: Project;

beforeAll(async () => {
  const packed = await pack();
  const nodes = VERSIONS.map((version) => `${nameOf(version)}@npm:${NODE_PACKAGE}@${version}`);
  try {
    project = await installProject('npm', [packed.tarball, ...sdkOf(NEWEST_SDK), '@types/node@20', ...nodes]);
    await project.copyExamples();
  } finally {
    await packed.remove();
  }
});
afterAll(() => project.remove());

describe.each(VERSIONS)('with Node %s', (version) => {
  const node = (): string => join(project.folder, 'node_modules', nameOf(version), 'bin/node');

  test('it is that Node', async () => {
    expect(semver.satisfies(await project.run(node(), '--version'), version)).toBe(true);
  });

  test('the demo exports, and preserves what was in the audience', async () => {
    const output = await project.run(
      node(),
      'node_modules/temporal-mailchimp/dist/cli/main.js',
      'demo',
      '--json',
    );
    const { exports, audience } = JSON.parse(output.trim().split('\n').at(-1)!);
    expect(exports).toHaveLength(3);
    expect(exports[0]).toMatchObject({ outcomes: { created: 31, updated: 7, unproven: 0 } });
    expect(audience).toMatchObject({ tags: { 'Vinyl club': 5 } });
  });

  test("a host's worker exports", async () => {
    expect((await runExample(project, node())).outcomes).toMatchObject({
      created: 21,
      rejected: 0,
      unproven: 0,
    });
  });
});
