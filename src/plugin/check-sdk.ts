import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ExportError } from '../errors';

/** The lowest version of the SDK that the packed-install tests run; package.json asks for it. */
export const LOWEST_SDK = '1.14.1';

/** What the host's worker and this package must have in common: one activity context, one workflow runtime, one set of failures. */
const SHARED = ['activity', 'common', 'workflow'];

/** A class whose constructor is not public. */
interface SdkClass {
  [Symbol.hasInstance](value: unknown): boolean;
}

interface Copy {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/**
 * Refuses copies of the Temporal SDK that do not run in one process. Without this check they die later and give no reason: the SDK cannot load
 * its protocol twice, steps find no activity context, and its classes refuse each other's objects. Loads nothing of the SDK.
 * @throws ExportError TEMPORAL_SDK_MISMATCH
 */
export function requireOneSdk(): void {
  const worker = copyFrom(require, '@temporalio/worker');
  // Bundled into the host's program, which then has one copy of everything.
  if (!worker) return;
  if (!isSupported(worker.version)) {
    throw mismatch(
      `temporal-mailchimp needs @temporalio/worker ${LOWEST_SDK} or later, below 2. It finds ${described(worker)}.`,
    );
  }
  const hosts = loadedCopies('@temporalio/worker').find(({ folder }) => folder !== worker.folder);
  if (hosts)
    throw mismatch(`${described(hosts)} is loaded, but temporal-mailchimp uses ${described(worker)}.`);
  const parts = SHARED.flatMap((name) => sharedWith(worker, `@temporalio/${name}`));
  requireOneProtocol([worker, ...parts]);
}

/** The copy that both this package and the worker use. */
function sharedWith(worker: Copy, name: string): Copy[] {
  const ours = copyFrom(require, name);
  const theirs = copyFrom(requireIn(worker), name);
  if (!ours || !theirs) return [];
  if (ours.folder === theirs.folder) return [ours];
  throw mismatch(
    `temporal-mailchimp uses ${described(ours)}, but ${described(worker)} uses ${described(theirs)}.`,
  );
}

/** Two copies of the SDK's protocol register the same names with one protobufjs, which refuses the second. */
function requireOneProtocol(parts: readonly Copy[]): void {
  const used = parts.flatMap((part) => copyFrom(requireIn(part), '@temporalio/proto') ?? []);
  const byRegistry = new Map<string | undefined, Copy>();
  for (const copy of [...loadedCopies('@temporalio/proto'), ...used]) {
    const registry = copyFrom(requireIn(copy), 'protobufjs')?.folder;
    const first = byRegistry.get(registry) ?? copy;
    byRegistry.set(registry, first);
    if (first.folder !== copy.folder) throw mismatch(`There are ${described(first)} and ${described(copy)}.`);
  }
}

/**
 * Refuses an object of the host that another copy of the SDK has made, which only shows when the host passes it on.
 * @throws ExportError TEMPORAL_SDK_MISMATCH
 */
export function requireOurSdk(made: object, ours: SdkClass): void {
  if (made instanceof ours) return;
  const maker = makerOf(made);
  const worker = copyFrom(require, '@temporalio/worker');
  throw mismatch(
    `The host's ${made.constructor.name} is of ${maker ? described(maker) : 'another copy of @temporalio/worker'}, but ` +
      `temporal-mailchimp uses ${worker ? described(worker) : 'its own'}.`,
  );
}

function mismatch(found: string): ExportError {
  return new ExportError(
    'TEMPORAL_SDK_MISMATCH',
    `${found} A process needs one copy of the Temporal SDK. Install one version of all @temporalio packages, in the project that has ` +
      'temporal-mailchimp (`npm ls @temporalio/worker @temporalio/common @temporalio/proto` shows the copies), and start again.',
  );
}

function described({ name, version, folder }: Copy): string {
  return `${name} ${version} (${folder})`;
}

function requireIn({ folder }: Copy): NodeJS.Require {
  return createRequire(join(folder, 'package.json'));
}

/** `undefined` if the package is not found, as in a bundled program. */
function copyFrom(from: NodeJS.Require, name: string): Copy | undefined {
  try {
    const file = from.resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return { name, version, folder: dirname(file) };
  } catch {
    return undefined;
  }
}

function loadedCopies(name: string): Copy[] {
  const folder = new RegExp(`^.*[\\\\/]node_modules[\\\\/]${name.replace('/', '[\\\\/]')}(?=[\\\\/])`);
  const folders = new Set(Object.keys(require.cache).flatMap((path) => folder.exec(path)?.[0] ?? []));
  return [...folders].flatMap((found) => copyFrom(createRequire(join(found, 'package.json')), name) ?? []);
}

/** The loaded copy of `@temporalio/worker` that has the object's class. */
function makerOf({ constructor }: object): Copy | undefined {
  return loadedCopies('@temporalio/worker').find((copy) => {
    const main = require.cache[requireIn(copy).resolve(copy.folder)];
    return main !== undefined && Object.values(main.exports as object).includes(constructor);
  });
}

function isSupported(version: string): boolean {
  const [major, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [, lowestMinor = 0, lowestPatch = 0] = LOWEST_SDK.split('.').map(Number);
  return major === 1 && (minor > lowestMinor || (minor === lowestMinor && patch >= lowestPatch));
}
