import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { executableName, isExecutable } from './executables';

/** Outside the checkout, so that a fresh clone does not download or build a server again. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const own = env['TEMPORAL_MAILCHIMP_CACHE'];
  if (own) return own;
  const base = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(base, 'temporal-mailchimp');
}

/** One folder of the cache: `<cache>/<name>/<executable>`; the name carries the origin and version. */
export interface CacheEntry {
  readonly cache: string;
  readonly name: string;
  readonly executable: string;
}

export function cachedExecutable(entry: CacheEntry): string | undefined {
  const path = join(entry.cache, entry.name, executableName(entry.executable));
  return isExecutable(path) ? path : undefined;
}

/**
 * Runs `fill` on an empty folder and moves the folder into the cache in one step, so that a killed process leaves
 * no incomplete server. If another process was faster, its entry is kept. Call it under the cache's lock: it
 * deletes what killed fills of this entry left behind.
 */
export async function fillEntry(entry: CacheEntry, fill: (folder: string) => Promise<void>): Promise<string> {
  const prefix = `.${entry.name}.`;
  for (const left of readdirSync(entry.cache).filter((name) => name.startsWith(prefix))) {
    rmSync(join(entry.cache, left), { recursive: true, force: true });
  }
  const folder = join(entry.cache, prefix + randomUUID());
  mkdirSync(folder);
  try {
    await fill(folder);
    if (!isExecutable(join(folder, executableName(entry.executable)))) {
      throw new Error(`it created no executable ${entry.executable}`);
    }
    publish(entry, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return join(entry.cache, entry.name, executableName(entry.executable));
}

function publish(entry: CacheEntry, folder: string): void {
  if (cachedExecutable(entry)) return;
  const target = join(entry.cache, entry.name);
  rmSync(target, { recursive: true, force: true });
  renameSync(folder, target);
}
