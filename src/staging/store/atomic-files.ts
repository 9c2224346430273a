import { randomBytes } from 'node:crypto';
import {
  chmod,
  type FileHandle,
  link,
  mkdir,
  open,
  readFile,
  readdir,
  rm,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ExportError } from '../../errors';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export function randomName(): string {
  return randomBytes(6).toString('hex');
}

/** Makes the folder with those above it. `chmod` after `mkdir`, since the process's umask may take rights from the owner too. */
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

/**
 * Gives a finished file its final name, unless somebody was first. The attempt's name is gone afterwards.
 * @returns whether it is ours
 */
async function sealFile(attempt: string, path: string): Promise<boolean> {
  try {
    await link(attempt, path);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(attempt);
  }
  await syncFolder(dirname(path));
  return true;
}

/** Creates a JSON document that nobody changes any more. @returns whether it is ours; false: another was there first */
export function sealDocument(path: string, value: object): Promise<boolean> {
  return sealLines(path, [[value]]);
}

const BYTES_AT_ONCE = 256 * 1024;

type Pages = Iterable<readonly object[]> | AsyncIterable<readonly object[]>;

/**
 * Creates a file with a line of JSON for each row, taken page by page as they come. Rows that break off leave no file: half of them
 * would look like all.
 * @returns whether it is ours; false: another was there first
 */
export async function sealLines(path: string, pages: Pages): Promise<boolean> {
  const attempt = join(dirname(path), `.${basename(path)}.${randomName()}.tmp`);
  try {
    await writeLines(attempt, pages);
  } catch (error) {
    await rm(attempt, { force: true });
    throw error;
  }
  return sealFile(attempt, path);
}

/** Its folder is there nearly always: looking first would cost as much as the file. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', FILE_MODE);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(path));
    return open(path, 'wx', FILE_MODE);
  }
}

async function writeLines(path: string, pages: Pages): Promise<void> {
  const file = await create(path);
  try {
    await file.chmod(FILE_MODE);
    let text = '';
    for await (const rows of pages) {
      for (const row of rows) text += `${JSON.stringify(row)}\n`;
      if (text.length < BYTES_AT_ONCE) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns undefined where there is no such file. @throws ExportError STAGING_CORRUPT */
export async function readDocument<Document>(path: string): Promise<Document | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Document;
  } catch {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Reading ${basename(path)} in the staging folder found no JSON. It was written whole, so something else changed it: restore the folder from a backup.`,
    );
  }
}

export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Names in a folder without attempts in progress, sorted; none where the folder does not exist. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    const names = await readdir(path);
    return names.filter((name) => !name.startsWith('.')).toSorted();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Makes a file that another program wrote private and durable. */
export async function keepFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.chmod(FILE_MODE);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether a file operation failed so. Not `instanceof`: an error of Node's own may come from another realm. */
export function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
