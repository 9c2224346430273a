import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cachedExecutable, type CacheEntry, cacheFolder, fillEntry } from './cache';
import { findOnPath, isExecutable } from './executables';
import { withLock } from './lock';
import { type Report, seconds } from './run-tool';
import { ExportError } from '../errors';

interface FetchTarget {
  /** An empty folder, in which the supplier creates the executable under the name of the server. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
}

/** A way to get a server executable that is not on this machine. */
export interface Supplier {
  /** Name of its cache entry; changes with the version. */
  readonly entry: string;
  readonly title: string;
  readonly duration: string;
  /** Commands that it needs on the PATH. */
  readonly needs: readonly string[];
  /** Why it cannot be tried at all on this machine. */
  readonly unavailable?: string | undefined;
  fetch(target: FetchTarget): Promise<void>;
}

export interface ServerExecutable {
  readonly title: string;
  readonly executable: string;
  /** Environment variable that names the executable. */
  readonly variable: string;
  readonly suppliers: readonly Supplier[];
  /** The last sentence of the error when every way fails. */
  readonly advice: string;
}

export interface LookupOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with progress lines; not called when nothing must be fetched. */
  readonly report?: Report;
}

/**
 * Finds an executable: named by the variable, on the PATH, in the cache, or from the first supplier that succeeds, which fills
 * the cache. Throws `TEMPORAL_SERVER_UNAVAILABLE` with everything that was tried.
 */
export async function findServerExecutable(
  server: ServerExecutable,
  options: LookupOptions,
): Promise<string> {
  const { env = process.env, report = () => undefined } = options;
  const named = env[server.variable];
  if (named) return checkNamed(server, named);
  const found = findOnPath(server.executable, env) ?? findCached(server, env);
  return found ?? (await fetchOnce(server, env, report));
}

function checkNamed(server: ServerExecutable, path: string): string {
  if (isExecutable(path)) return path;
  throw serverUnavailable(
    `${server.variable} names ${path} as the ${server.title}, but that is not an executable file. ` +
      `Correct the variable or unset it.`,
  );
}

function entryOf(server: ServerExecutable, supplier: Supplier, env: NodeJS.ProcessEnv): CacheEntry {
  return { cache: cacheFolder(env), name: supplier.entry, executable: server.executable };
}

function findCached(server: ServerExecutable, env: NodeJS.ProcessEnv): string | undefined {
  return server.suppliers
    .map((supplier) => cachedExecutable(entryOf(server, supplier, env)))
    .find((path) => path !== undefined);
}

function fetchOnce(server: ServerExecutable, env: NodeJS.ProcessEnv, report: Report): Promise<string> {
  const cache = cacheFolder(env);
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw serverUnavailable(
      `The cache folder ${cache} cannot be created. Set TEMPORAL_MAILCHIMP_CACHE to a writable folder.`,
      error,
    );
  }
  const onWait = () => report(`Another process is fetching the ${server.title}; waiting for it …`);
  return withLock(join(cache, `${server.executable}.lock`), onWait, async () => {
    // The previous holder of the lock may have fetched it.
    return findCached(server, env) ?? (await fetchFirst(server, env, report));
  });
}

async function fetchFirst(server: ServerExecutable, env: NodeJS.ProcessEnv, report: Report): Promise<string> {
  const tried = [
    `${server.variable} is not set`,
    `no ${server.executable} on the PATH`,
    `nothing cached in ${cacheFolder(env)}`,
  ];
  for (const supplier of server.suppliers) {
    const obstacle = obstacleTo(supplier, env);
    if (obstacle !== undefined) {
      tried.push(`${supplier.title}: ${obstacle}`);
      continue;
    }
    const started = Date.now();
    report(`Getting the ${server.title} from ${supplier.title} (${supplier.duration}, once) …`);
    try {
      const path = await fillEntry(entryOf(server, supplier, env), (folder) =>
        supplier.fetch({ folder, env, report }),
      );
      report(`  … done in ${seconds(started)}: ${path}`);
      return path;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      report(`  … failed after ${seconds(started)}: ${reason}`);
      tried.push(`${supplier.title}: ${reason}`);
    }
  }
  throw serverUnavailable(`No ${server.title} was found. Tried:\n- ${tried.join('\n- ')}\n${server.advice}`);
}

function obstacleTo({ needs, unavailable }: Supplier, env: NodeJS.ProcessEnv): string | undefined {
  const missing = needs.filter((command) => !findOnPath(command, env));
  return missing.length > 0 ? `no ${missing.join(' and no ')} on the PATH` : unavailable;
}

/** The error of every failure to get or start a Temporal server. */
export function serverUnavailable(message: string, cause?: unknown): ExportError {
  return new ExportError('TEMPORAL_SERVER_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
