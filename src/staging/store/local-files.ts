import { randomBytes } from 'node:crypto';
import { chmod, type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

export function randomName(): string {
  return randomBytes(6).toString('hex');
}

/** Makes the folder with those above it. `chmod` after `mkdir`, since the umask may remove rights of the owner too. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return;
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

/** Creates a file that only its owner may read and write. `chmod` after `open`, since the umask may remove rights of the owner too. */
export async function createFile(path: string): Promise<FileHandle> {
  const file = await openNew(path);
  try {
    await file.chmod(FILE_MODE);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Its folder nearly always exists: a check before would cost as much as the file. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', FILE_MODE);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(path));
    return open(path, 'wx', FILE_MODE);
  }
}

/** Names in a folder; none where the folder does not exist. */
export async function listFolder(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

export async function isOlder(path: string, ageMs: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < Date.now() - ageMs;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Whether a file operation failed with the code. Not `instanceof`: an error of Node may come from another realm. */
export function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
