import type { StagingStore } from '../../ports/staging-store';
import { listObjects, readDocument, sealDocument } from './sealed-files';

/** Documents that are only ever added, `000001.json`, `000002.json`, …, in their order. */
export async function listNumbers(store: StagingStore, folder: string): Promise<number[]> {
  const names = await listObjects(store, folder);
  return names
    .filter((name) => /^\d{6,}\.json$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((one, other) => one - other);
}

interface Numbered<Document> {
  readonly number: number;
  readonly document: Document | undefined;
}

/** All documents of a sequence, in their order: for one that stays short. */
export async function readSequence<Document>(
  store: StagingStore,
  folder: string,
): Promise<readonly Numbered<Document>[]> {
  const found: Numbered<Document>[] = [];
  for (const number of await listNumbers(store, folder))
    found.push({ number, document: await readNumbered<Document>(store, folder, number) });
  return found;
}

/** The last numbers that this process has found, by folder. */
const lastFound = new WeakMap<StagingStore, Map<string, number>>();

/**
 * The last number of a sequence without gaps; 0: there is none. Asks for single names: a list of all would take longer with every document.
 * Begins at what it has found before, so that it asks two or three times, however many there are; the first time in a process, about twice
 * for each binary digit of the number.
 */
export async function lastNumber(store: StagingStore, folder: string): Promise<number> {
  const known = lastFound.get(store) ?? new Map<string, number>();
  lastFound.set(store, known);
  const from = known.get(folder) ?? 0;
  // Of a store that was restored from a backup, the number may be gone.
  const isThere = from > 0 && (await isNumberTaken(store, folder, from));
  const last = await lastAfter(store, folder, isThere ? from : 0);
  known.set(folder, last);
  return last;
}

/** @param from taken, or 0 */
async function lastAfter(store: StagingStore, folder: string, from: number): Promise<number> {
  let taken = from;
  let free = from + 1;
  while (await isNumberTaken(store, folder, free)) {
    taken = free;
    free = from + (free - from) * 2;
  }
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isNumberTaken(store, folder, middle)) taken = middle;
    else free = middle;
  }
  return taken;
}

export function readNumbered<Document>(
  store: StagingStore,
  folder: string,
  number: number,
): Promise<Document | undefined> {
  return readDocument<Document>(store, numberedKey(folder, number));
}

export async function isNumberTaken(store: StagingStore, folder: string, number: number): Promise<boolean> {
  return (await store.head(numberedKey(folder, number))) !== undefined;
}

/** @returns whether this number was still free */
export function sealNumbered(
  store: StagingStore,
  key: { readonly folder: string; readonly number: number },
  value: object,
): Promise<boolean> {
  return sealDocument(store, numberedKey(key.folder, key.number), value);
}

export function deleteNumbered(store: StagingStore, folder: string, number: number): Promise<void> {
  return store.delete(numberedKey(folder, number));
}

function numberedKey(folder: string, number: number): string {
  return `${folder}${String(number).padStart(6, '0')}.json`;
}
