import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../errors';
import { ownerFile, ownerOf } from '../shell/running-dev';
import { forgetServer } from '../shell/web-ui';

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

/**
 * Takes the folder for this process. Database, store and sandbox belong together: destinations of one sandbox would report contacts that
 * another one does not have.
 * @param fresh whether to delete what earlier runs have kept
 * @throws ExportError INPUT_INVALID while another `dev` uses it
 */
export async function takeDevFolder(path: string, fresh: boolean): Promise<DevFolder> {
  const owner = ownerFile(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await claim(path);
  // Of an earlier run that was killed: it may have had another port.
  await forgetServer(path);
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
async function claim(path: string): Promise<void> {
  const owner = ownerFile(path);
  const own = `${owner}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, owner);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await refuseSecond(path);
    // Of a process that was killed.
    await rm(owner, { force: true });
    await claim(path);
  } finally {
    await rm(own, { force: true });
  }
}

async function refuseSecond(path: string): Promise<void> {
  const pid = await ownerOf(path);
  if (pid === undefined) return;
  throw new ExportError(
    'INPUT_INVALID',
    `temporal-mailchimp dev runs in this folder already (process ${pid}). Stop it first; if that process is another program, delete ${ownerFile(path)}.`,
  );
}
