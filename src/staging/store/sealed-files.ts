import { type FileHandle, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { createFile, randomName } from './local-files';
import { scratchOf } from './layout';

/** Creates a JSON document, which never changes. @returns whether this call created it; false: it existed */
export function sealDocument(store: StagingStore, key: string, value: object): Promise<boolean> {
  return store.put(key, `${JSON.stringify(value)}\n`);
}

/** @returns undefined where there is no such document. @throws ExportError STAGING_CORRUPT */
export async function readDocument<Document>(
  store: StagingStore,
  key: string,
): Promise<Document | undefined> {
  const text = await store.get(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Document;
  } catch {
    throw new ExportError(
      'STAGING_CORRUPT',
      `${basename(key)} in the staging store is not valid JSON, so it was changed after it was written. Restore the store from a backup.`,
    );
  }
}

/** More text than this goes through a file. */
const MAX_TEXT = 256 * 1024;

type Pages = Iterable<readonly object[]> | AsyncIterable<readonly object[]>;

/**
 * Creates an object with a line of JSON for each row, taken page by page as they come. If the rows break off, there is no object:
 * half of them would look like all.
 * @returns whether this call created it; false: it existed
 */
export async function sealLines(store: StagingStore, key: string, pages: Pages): Promise<boolean> {
  const path = join(scratchOf(store), `put-${randomName()}`);
  let file: FileHandle | undefined;
  let text = '';
  try {
    for await (const rows of pages) {
      for (const row of rows) text += `${JSON.stringify(row)}\n`;
      if (text.length < MAX_TEXT) continue;
      file ??= await createFile(path);
      await file.writeFile(text);
      text = '';
    }
    if (!file) return await store.put(key, text);
    await file.writeFile(text);
    await file.close();
    return await store.put(key, { file: path });
  } catch (error) {
    await file?.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** The local files of objects that must be there. */
export function localFiles(store: StagingStore, keys: readonly string[]): Promise<readonly string[]> {
  return Promise.all(keys.map((key) => requireLocalFile(store, key)));
}

/** @throws ExportError STAGING_CORRUPT */
export async function requireLocalFile(store: StagingStore, key: string): Promise<string> {
  const path = await store.localFile(key);
  if (path === undefined) throw missing(key);
  return path;
}

/** @throws ExportError STAGING_CORRUPT */
export async function requireText(store: StagingStore, key: string): Promise<string> {
  const text = await store.get(key);
  if (text === undefined) throw missing(key);
  return text;
}

function missing(key: string): ExportError {
  return new ExportError(
    'STAGING_CORRUPT',
    `${basename(key)} of this export is not in the staging store. The staging store was changed, or this is a bug. Start a new export.`,
  );
}

/** Names of the objects directly below a folder. */
export async function listObjects(store: StagingStore, folder: string): Promise<readonly string[]> {
  return (await store.list(folder)).filter((name) => !name.endsWith('/'));
}

/** Names of the folders directly below a folder, without the slash. */
export async function listFolders(store: StagingStore, folder: string): Promise<readonly string[]> {
  return (await store.list(folder)).flatMap((name) => (name.endsWith('/') ? name.slice(0, -1) : []));
}

/** Keys of all objects below a folder. */
export async function listAll(store: StagingStore, folder: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const name of await store.list(folder)) {
    if (name.endsWith('/')) keys.push(...(await listAll(store, folder + name)));
    else keys.push(folder + name);
  }
  return keys;
}

export async function deleteAll(store: StagingStore, folder: string): Promise<void> {
  for (const key of await listAll(store, folder)) await store.delete(key);
}
