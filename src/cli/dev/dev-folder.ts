import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
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

/**
 * Takes the folder for this process. Database, store and sandbox belong together: destinations of one sandbox would report contacts that
 * another one does not have.
 * @param fresh whether to delete what earlier runs have kept
 * @throws ExportError INPUT_INVALID while another `dev` uses it
 */
export async function takeDevFolder(path: string, fresh: boolean): Promise<DevFolder> {
  const owner = ownerFile(path);
  await refuseSecond(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Of an earlier run that was killed: it may have had another port.
  await forgetServer(path);
  await writeFile(owner, String(process.pid));
  if (fresh) await clear(path);
  const database = join(path, DATABASE);
  const sandbox = join(path, SANDBOX);
  const isNew = !existsSync(database);
  if (isNew) await mkdir(sandbox, { recursive: true, mode: 0o700 });
  // A baseline of an earlier version's sandbox, which kept nothing, must not meet an empty one.
  else if (!existsSync(sandbox)) {
    await rm(owner, { force: true });
    throw new ExportError(
      'INPUT_INVALID',
      `${path} is of an earlier version, which did not keep its sandbox: its destinations know of contacts that no sandbox has. ` +
        'Start over with temporal-mailchimp dev --fresh.',
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

async function clear(path: string): Promise<void> {
  for (const name of (await readdir(path)).filter(isOurs))
    await rm(join(path, name), { recursive: true, force: true });
}

/** SQLite has files beside the database. */
function isOurs(name: string): boolean {
  return name.startsWith(DATABASE) || name === STAGING || name === SANDBOX;
}

async function refuseSecond(path: string): Promise<void> {
  const pid = await ownerOf(path);
  if (pid === undefined) return;
  throw new ExportError(
    'INPUT_INVALID',
    `temporal-mailchimp dev runs in this folder already (process ${pid}). Stop it first; if that process is another program, delete ${ownerFile(path)}.`,
  );
}
