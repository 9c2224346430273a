import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import manifest from '../../package.json';
import { ROOT } from './packed';

const run = promisify(execFile);

export const NEWEST_SDK = manifest.devDependencies['@temporalio/worker'];

export type Manager = 'npm' | 'pnpm';

/** What a host installs beside this package. */
const SDK_PACKAGES = ['activity', 'client', 'common', 'worker', 'workflow'];

export interface Project {
  readonly folder: string;
  /** @returns what the program printed to standard output */
  run(program: string, ...args: readonly string[]): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Takes the examples out of the installed package, as a reader would. */
  copyExamples(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * A project in which a package manager has installed these packages, with the network if its cache does not have them.
 * @param at its folder; by default a temporary one
 */
export async function installProject(
  manager: Manager,
  packages: readonly string[],
  at?: string,
): Promise<Project> {
  const folder = at ?? (await realpath(await mkdtemp(join(tmpdir(), `host-${manager}-`))));
  const project: Project = {
    folder,
    async run(program, ...args) {
      const options = { cwd: folder, maxBuffer: 16 * 1024 * 1024 };
      const { stdout } = await run(program, args, options).catch((error: Error & { stdout?: string }) => {
        // With --json and with tsc, the reason is there.
        throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error });
      });
      return stdout;
    },
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    },
    copyExamples: () =>
      cp(join(folder, 'node_modules/temporal-mailchimp/examples'), join(folder, 'examples'), {
        recursive: true,
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await project.write({ 'package.json': '{ "name": "host", "version": "1.0.0", "private": true }\n' });
  const [program, ...args] =
    manager === 'npm'
      ? ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline']
      : [process.execPath, join(ROOT, 'node_modules/pnpm/bin/pnpm.cjs'), 'add', '--prefer-offline'];
  await project.run(program, ...args, ...packages);
  return project;
}

/** The SDK in one version, each package by name: what a host of that version has in its package.json. */
export function sdkOf(version: string): string[] {
  return SDK_PACKAGES.map((name) => `@temporalio/${name}@${version}`);
}

interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly engines?: { readonly node?: string };
}

/** All packages below a `node_modules` folder, also nested ones; those that pnpm links to several places once. */
export async function installedPackages(folder: string): Promise<InstalledPackage[]> {
  const paths = await readdir(folder, { recursive: true });
  const manifests = paths.filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
  const files = new Set(await Promise.all(manifests.map((path) => realpath(join(folder, path)))));
  return Promise.all([...files].map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
}
