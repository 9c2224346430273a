import { link, open, readdir, readFile, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ExportError } from '../../errors';
import type { ObjectInfo, StagingStore } from '../../ports/staging-store';
import { createFile, FILE_MODE, isCode, makeFolder, randomName } from './local-files';
import { SCRATCH, scratchOf } from './layout';

/**
 * Whether the folder is there.
 * @throws ExportError CONFIG_INVALID where other users can write into it
 */
export async function requireOwnFolder(folder: string): Promise<boolean> {
  const found = await unlessAbsent(stat(folder));
  if (!found || process.getuid === undefined) return found !== undefined;
  const user = process.getuid();
  const isForeign = found.uid !== user;
  if (isForeign || (found.mode & OTHERS_WRITE) !== 0)
    throw new ExportError(
      'CONFIG_INVALID',
      `The staging folder ${folder} ${isForeign ? `belongs to another user (id ${found.uid}; this process has ${user})` : 'can be written by other users'}, who could change what is exported. Let staging.folder name a folder inside it, which is then made for this user only${isForeign ? '' : ', or run chmod go-w on it'}.`,
    );
  return true;
}

/** The right of group and others to write. */
const OTHERS_WRITE = 0o022;

/**
 * A store that is a folder of this machine, or of a file system that several machines mount. Objects are files with the mode 0600 in
 * folders with the mode 0700. An object is created by a hard link to its finished file, which cannot replace another and copies nothing;
 * so files in progress lie in the same folder, in `scratch`.
 */
export class FolderStore implements StagingStore {
  readonly kind = 'folder';
  readonly workFolder: string;
  /** Whether only this user can write into the folder. */
  #isOurs = false;

  /** @param folder need not exist: the first object makes it */
  constructor(folder: string) {
    this.workFolder = resolve(folder);
  }

  async put(key: string, content: string | { readonly file: string }): Promise<boolean> {
    const path = this.#path(key);
    await this.#requireOurs();
    const file = typeof content === 'string' ? await this.#write(content) : content.file;
    try {
      if (typeof content !== 'string') await makeDurable(file);
      return await linkOnce(file, path);
    } finally {
      await unlinkIfThere(file);
    }
  }

  async get(key: string): Promise<string | undefined> {
    return unlessAbsent(readFile(this.#path(key), 'utf8'));
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = await unlessAbsent(stat(this.#path(key)));
    return found?.isFile() ? { size: found.size, createdMs: found.mtimeMs } : undefined;
  }

  async list(folder: string): Promise<readonly string[]> {
    const entries = (await unlessAbsent(readdir(this.#path(folder), { withFileTypes: true }))) ?? [];
    return entries
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .filter((name) => folder !== '' || name !== `${SCRATCH}/`)
      .toSorted();
  }

  /** Folders that it empties go too, as they would in an object store. */
  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await unlinkIfThere(path);
    for (let folder = dirname(path); folder !== this.workFolder; folder = dirname(folder))
      if (!(await removeIfEmpty(folder))) return;
  }

  async localFile(key: string): Promise<string | undefined> {
    return (await this.head(key)) && this.#path(key);
  }

  /**
   * Refuses a folder into which other users can write: they could plant a baseline, which decides who is untagged. A folder that
   * is not there yet is made for this user only. To read is no danger, and an administrator may.
   */
  async #requireOurs(): Promise<void> {
    if (this.#isOurs || process.getuid === undefined) return;
    if (await requireOwnFolder(this.workFolder)) this.#isOurs = true;
  }

  #path(key: string): string {
    return join(this.workFolder, key);
  }

  async #write(text: string): Promise<string> {
    const path = join(scratchOf(this), `put-${randomName()}`);
    const file = await createFile(path);
    try {
      await file.writeFile(text);
      await file.sync();
    } catch (error) {
      await unlinkIfThere(path);
      throw error;
    } finally {
      await file.close();
    }
    return path;
  }
}

/** @returns whether the name was free */
async function linkOnce(file: string, path: string): Promise<boolean> {
  const isOurs = await tryToLink(file, path);
  // Also where another was first: it may have died between its link and this.
  await syncFolder(dirname(path));
  return isOurs;
}

async function tryToLink(file: string, path: string): Promise<boolean> {
  for (;;) {
    try {
      await link(file, path);
      return true;
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false;
      // The folder does not exist yet, or a deletion has just removed it as empty. A file that is gone never comes back.
      if (!isCode(error, 'ENOENT') || !(await unlessAbsent(stat(file)))) throw error;
      await makeFolder(dirname(path));
    }
  }
}

/** Another program wrote it, with modes of its own and without waiting for the disk. */
async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.chmod(FILE_MODE);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this, a power failure could take the name of a file that is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await unlessAbsent(open(path, 'r'));
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlessAbsent(unlink(path));
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].some((code) => isCode(error, code))) return false;
    throw error;
  }
}

async function unlessAbsent<Result>(found: Promise<Result>): Promise<Result | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
