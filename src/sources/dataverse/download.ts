import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../errors';
import type { SourceOptions } from '../options';

/** Begins with what `openSource` sweeps after a day. */
const PREFIX = 'source-dataverse-';
const NAME = /^source-dataverse-([0-9a-f]{16})-(\d+)-[0-9a-f]{12}$/;
/** Rows of people do not stay longer for an attempt that may never come. */
const KEPT_MS = 2 * 60 * 60_000;

/** Folders that this process is using. */
const inUse = new Set<string>();

export interface DownloadRequest extends Pick<SourceOptions, 'scratch'> {
  /** 16 hexadecimal digits: of what is read, and of which state of the source. */
  readonly digest: string;
}

/**
 * Lends a folder for the pages of a reading, and where an earlier attempt has died, or failed for a passing reason, the folder that it left.
 * Deletes both afterwards, unless this attempt fails for a passing reason too.
 */
export async function withDownload<Result>(
  { scratch, digest }: DownloadRequest,
  work: (folder: string, earlier: string | undefined) => Promise<Result>,
): Promise<Result> {
  const name = `${PREFIX}${digest}-${process.pid}-${randomBytes(6).toString('hex')}`;
  const folder = join(scratch, name);
  inUse.add(name);
  let isKept = false;
  try {
    await mkdir(folder, { mode: 0o700 });
    return await work(folder, await claimEarlier(scratch, digest, folder));
  } catch (error) {
    isKept = error instanceof ExportError && error.code === 'SOURCE_UNAVAILABLE';
    throw error;
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
    inUse.delete(name);
  }
}

/** By renaming, which only one of two attempts can do. */
async function claimEarlier(scratch: string, digest: string, folder: string): Promise<string | undefined> {
  let claimed: string | undefined;
  for (const name of await readdir(scratch)) {
    const [, found, pid] = NAME.exec(name) ?? [];
    if (found === undefined || isAlive(name, Number(pid))) continue;
    const path = join(scratch, name);
    const isStale = await isOlder(path, KEPT_MS);
    if (isStale) await rm(path, { recursive: true, force: true });
    if (isStale || found !== digest || claimed !== undefined) continue;
    const earlier = join(folder, 'earlier');
    claimed = await rename(path, earlier).then(
      () => earlier,
      () => undefined,
    );
  }
  return claimed;
}

/** Whether the process that uses a folder runs. After a restart, another process may have its number: then the folder is not used again. */
function isAlive(name: string, pid: number): boolean {
  if (pid === process.pid) return inUse.has(name);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isOlder(path: string, ms: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > ms;
}
