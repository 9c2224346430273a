import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { WorkerConfig } from '../config/config';
import { errorCode } from '../config/error-code';
import { ExportError } from '../errors';
import { readStore, requireOwnFolder } from '../staging';
import { addressOf, configuredStoreToRead, isServed } from './configured-store';

export interface InspectedStore {
  /** The local folder. */
  readonly folder: string;
  /** Of the bucket or container. Undefined: the store is the folder. */
  readonly address?: string;
  /** Undefined where no worker has made the store. */
  readonly storeId?: string;
  /** In ISO 8601 and UTC. */
  readonly created?: string;
  readonly freeBytes: number;
}

/** Less than this is too little for an export of a few hundred thousand profiles. */
const LEAST_FREE_BYTES = 1e9;

/**
 * The staging store of a configuration, without writing into it.
 * @throws ExportError STAGING_FAILED when this user cannot write into the folder, or the bucket does not answer, CONFIG_INVALID when others can, or it is theirs; DISK_FULL when there is
 * little space
 */
export async function inspectStore(
  staging: WorkerConfig['staging'],
  baseFolder: string,
): Promise<InspectedStore> {
  const folder = resolve(baseFolder, staging.folder);
  const existing = await nearestExisting(folder);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ExportError(
      'STAGING_FAILED',
      `This user cannot write to ${existing} (${errorCode(error)}). Run the command as the user of the worker, or change the owner of the folder.`,
    );
  }
  if (existing === folder) await requireOwnFolder(folder);
  const { bavail, bsize } = await statfs(existing);
  const freeBytes = bavail * bsize;
  if (freeBytes < LEAST_FREE_BYTES)
    throw new ExportError(
      'DISK_FULL',
      `The disk of ${existing} has ${Math.floor(freeBytes / 1e6)} MB left. An export of a million profiles needs about 1 GB. Free some space.`,
    );
  const store =
    isServed(staging) || existing === folder ? await readConfigured(staging, baseFolder) : undefined;
  return {
    folder,
    freeBytes,
    ...(isServed(staging) && { address: addressOf(staging) }),
    ...(store && { storeId: store.id, created: store.created }),
  };
}

async function readConfigured(staging: WorkerConfig['staging'], baseFolder: string) {
  const store = configuredStoreToRead(staging, baseFolder);
  try {
    return await readStore(store);
  } finally {
    store.close?.();
  }
}

async function nearestExisting(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(folder) === folder) return folder;
    return nearestExisting(dirname(folder));
  }
}
