import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import semver from 'semver';
import manifest from '../../package.json';
import { startExample } from '../support/examples';
import { pack, ROOT } from './packed';
import { PROGRAMS } from './programs';
import { installedPackages, installProject, sdkOf, type Manager, type Project } from './project';
import { runExample } from './run-example';

const LOWEST_NODE = semver.minVersion(manifest.engines.node)!.version;
/** Beside the compiler of this repository, the last one of the generation before. */
const TYPES = ['@types/node@20', 'typescript@5.9'];

/** What must be true of the package in a project where this package manager has installed it with these versions of the SDK. */
export function describeInstalled(manager: Manager, versions: readonly string[]): void {
  describe.each(versions)(`installed by ${manager} with version %s of the Temporal SDK`, (sdk) => {
    let project: Project;

    beforeAll(async () => {
      const packed = await pack();
      try {
        project = await installProject(manager, [packed.tarball, ...sdkOf(sdk), ...TYPES]);
        await project.write(PROGRAMS);
        await project.copyExamples();
      } finally {
        await packed.remove();
      }
    });
    afterAll(() => project.remove());

    // Of common and proto, npm may install a second copy for @temporalio/envconfig, which loads no protocol.
    test('each package of the SDK that must be there once is there once', async () => {
      const installed = await installedPackages(project.folder);
      for (const name of ['activity', 'client', 'core-bridge', 'worker', 'workflow']) {
        const copies = installed.filter((one) => one.name === `@temporalio/${name}`);
        expect(copies.map(({ version }) => version)).toEqual([sdk]);
      }
    });

    test('no package asks for a newer Node than this one does', async () => {
      const installed = await installedPackages(project.folder);
      expect(installed.length).toBeGreaterThan(100);
      const newer = installed.filter(
        ({ engines }) => engines?.node && !semver.satisfies(LOWEST_NODE, engines.node),
      );
      expect(newer.map(({ name, version, engines }) => `${name}@${version} ${engines?.node}`)).toEqual([]);
    });

    test('ES modules and CommonJS get the same names from each entry', async () => {
      const names = await project.run(process.execPath, 'entries.cjs');
      expect(JSON.parse(names)).toMatchObject({ plugin: expect.arrayContaining(['MailchimpPlugin']) });
      expect(await project.run(process.execPath, 'entries.mjs')).toBe(names);
    });

    test.each(['node16', 'bundler'])('each entry has types for moduleResolution %s', async (resolution) => {
      const compile = (root: string, ...options: readonly string[]): Promise<string> => {
        const tsc = join(root, 'node_modules/typescript/bin/tsc');
        return project.run(process.execPath, tsc, '-p', `tsconfig.${resolution}.json`, ...options);
      };
      expect(await compile(project.folder, '--skipLibCheck')).toBe('');
      expect(await compile(ROOT, '--skipLibCheck')).toBe('');
      // Without skipLibCheck, the SDK has errors of its own: it imports types of `ms`, which has none by these resolutions.
      const said = await compile(ROOT).catch(String);
      expect(said.split('\n').filter((line) => /temporal-mailchimp\/dist|^types\.ts/.test(line))).toEqual([]);
    });

    test('a bundler makes one file of a program with the client', async () => {
      const args = [
        'client.mjs',
        '--bundle',
        '--platform=node',
        '--outfile=bundled.cjs',
        '--log-level=error',
      ];
      await project.run(join(ROOT, 'node_modules/.bin/esbuild'), ...args);
      expect(await project.run(process.execPath, 'bundled.cjs')).toBe('function true\n');
    });

    // Its worker has no bundle of the build with any version but the newest.
    test('the demo exports', async () => {
      const output = await project.run(
        process.execPath,
        'node_modules/temporal-mailchimp/dist/cli/main.js',
        'demo',
        '--json',
      );
      expect(JSON.parse(output.trim().split('\n').at(-1)!).exports[0]).toMatchObject({
        outcomes: { created: 31, updated: 7, unproven: 0 },
      });
    });

    test("a host's worker starts from CommonJS", async () => {
      const started = startExample({ folder: join(project.folder, 'examples/commonjs') });
      await expect(started.then((example) => example.close())).resolves.toBeUndefined();
    });

    test("a host's worker exports", async () => {
      const { outcomes, tags } = await runExample(project);
      expect(outcomes).toMatchObject({ created: 21, rejected: 0, unproven: 0 });
      expect(tags).toEqual({ 'North America': 21 });
    });
  });
}
