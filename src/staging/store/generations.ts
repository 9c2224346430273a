import type { StagingStore } from '../../ports/staging-store';
import { unchangedOf } from './failure';
import { listObjects } from './sealed-files';

// Objects never change, but a person who is forgotten must leave the files that have rows. Such a file gets a later generation, under a name of its
// own: `baseline.parquet` is followed by `baseline.g2.parquet`. Readers ask for the first name. So no document has to change, and at each moment
// there is one whole file.

const LATER = /^(.+)\.g(\d+)\.parquet$/;
const ROW_FILE = /\.parquet$/;

/** A store in which the name of a file with rows stands for its generations. Lists show each of them. */
export function withGenerations(store: StagingStore): StagingStore {
  const orLater = async <Found>(
    key: string,
    find: (key: string) => Promise<Found | undefined>,
  ): Promise<Found | undefined> => {
    const found = await find(key);
    if (found !== undefined || !ROW_FILE.test(key)) return found;
    const later = (await laterOf(store, key)).at(-1);
    return later && find(later.key);
  };
  return {
    ...unchangedOf(store),
    put: (key, content) => store.put(key, content),
    get: (key) => store.get(key),
    head: (key) => orLater(key, (one) => store.head(one)),
    list: (folder) => store.list(folder),
    delete: (key) => store.delete(key),
    localFile: (key) => orLater(key, (one) => store.localFile(one)),
  };
}

/** Names of the files with rows directly below a folder, each once. */
export async function listRowFiles(store: StagingStore, folder: string): Promise<readonly string[]> {
  const names = (await listObjects(store, folder)).filter((name) => ROW_FILE.test(name));
  return [...new Set(names.map((name) => name.replace(LATER, '$1.parquet')))];
}

/** Number of the last generation of a file with rows. */
export async function lastGeneration(store: StagingStore, key: string): Promise<number> {
  return (await laterOf(store, key)).at(-1)?.number ?? 1;
}

interface NextGeneration {
  /** The generation that the new one is made of. */
  readonly after: number;
  readonly file: string;
  /** Asked once it is stored: a process that was frozen for long may store what a later job has removed since. Then it is taken back. */
  readonly isSuperseded?: () => Promise<boolean>;
}

/**
 * Gives a file with rows its next generation, and deletes those before. A crash in between leaves them to `deleteFormer`.
 * @returns false when another attempt has made the next one first: this one may lack what that one has done
 */
export async function replaceRowFile(
  store: StagingStore,
  key: string,
  { after, file, isSuperseded = async () => false }: NextGeneration,
): Promise<boolean> {
  const next = laterKey(key, after + 1);
  const isOurs = await store.put(next, { file });
  if (isOurs && (await isSuperseded())) {
    await store.delete(next);
    return false;
  }
  await deleteFormer(store, key);
  return isOurs;
}

/** Deletes all generations of a file but the last. A replacement that was interrupted has left two; the last one has what is to stay. */
export async function deleteFormer(store: StagingStore, key: string): Promise<void> {
  const later = await laterOf(store, key);
  if (later.length === 0) return;
  await store.delete(key);
  for (const { key: former } of later.slice(0, -1)) await store.delete(former);
}

/** Deletes a file with rows. */
export async function deleteRowFile(store: StagingStore, key: string): Promise<void> {
  await store.delete(key);
  for (const later of await laterOf(store, key)) await store.delete(later.key);
}

/** The generations after the first, the last one last. */
async function laterOf(store: StagingStore, key: string) {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const names = await listObjects(store, folder);
  return names
    .flatMap((name) => {
      const [, first, number] = LATER.exec(name) ?? [];
      return `${folder}${first}.parquet` === key ? [{ key: folder + name, number: Number(number) }] : [];
    })
    .toSorted((one, other) => one.number - other.number);
}

function laterKey(key: string, number: number): string {
  return key.replace(ROW_FILE, `.g${number}.parquet`);
}
