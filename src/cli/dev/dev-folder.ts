import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../errors';

/** Where `dev` keeps each thing, in its folder. */
export interface DevFolder {
  readonly path: string;
  readonly database: string;
  readonly staging: string;
  readonly sandbox: string;
  /** Nothing of an earlier run is in it. */
  readonly isNew: boolean;
  /** Lets another `dev` use it. */
  readonly release: () => Promise<void>;
}

const DATABASE = 'temporal.db';
const STAGING = 'staging';
const SANDBOX = 'sandbox';
const SANDBOX_STATE = 'state.ndjson';
const OWNER = 'dev.pid';

/**
 * Takes the folder for this process. Database, store and sandbox belong together: destinations of one sandbox would report contacts that
 * another one does not have.
 * @param fresh whether to delete what earlier runs have kept
 * @throws ExportError INPUT_INVALID while another `dev` uses it
 */
export async function takeDevFolder(path: string, fresh: boolean): Promise<DevFolder> {
  const owner = join(path, OWNER);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await claim(owner);
  if (fresh) await clear(path);
  const database = join(path, DATABASE);
  const sandbox = join(path, SANDBOX);
  const isNew = !existsSync(database);
  if (isNew) await mkdir(sandbox, { recursive: true, mode: 0o700 });
  // The sandbox starts before Temporal, so a database without its state has a baseline of contacts that an empty sandbox has not.
  else if (!existsSync(join(sandbox, SANDBOX_STATE))) {
    await rm(owner, { force: true });
    throw new ExportError(
      'INPUT_INVALID',
      `${path} has a database, but no sandbox: it is of an earlier version, or files were deleted. Its destinations know of contacts ` +
        'that no sandbox has. Start over with temporal-mailchimp dev --fresh.',
    );
  }
  return {
    path,
    database,
    staging: stagingIn(path),
    sandbox,
    isNew,
    release: () => rm(owner, { force: true }),
  };
}

/** Folder of the staging store in a folder of `dev`. */
export function stagingIn(path: string): string {
  return join(path, STAGING);
}

/** The database last: one without a sandbox is refused, if this process is killed. */
async function clear(path: string): Promise<void> {
  // SQLite has files beside the database.
  const databases = (await readdir(path)).filter((name) => name.startsWith(DATABASE));
  for (const name of [SANDBOX, STAGING, ...databases])
    await rm(join(path, name), { recursive: true, force: true });
}

/** A link is created with its content, or not at all: of two that start at the same moment, only one gets the folder. */
async function claim(owner: string): Promise<void> {
  const own = `${owner}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, owner);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await refuseSecond(owner);
    // Of a process that was killed.
    await rm(owner, { force: true });
    await claim(owner);
  } finally {
    await rm(own, { force: true });
  }
}

async function refuseSecond(owner: string): Promise<void> {
  const pid = Number(await readFile(owner, 'utf8').catch(() => '0'));
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return;
  throw new ExportError(
    'INPUT_INVALID',
    `temporal-mailchimp dev runs in this folder already (process ${pid}). Stop it first; if that process is another program, delete ${owner}.`,
  );
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
