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

/** A process may open only so many files, and a destination that exports hourly has thousands of claims after a year. */
const READ_AT_ONCE = 50;

/** All documents of a sequence, in their order. */
export async function readSequence<Document>(
  store: StagingStore,
  folder: string,
): Promise<readonly Numbered<Document>[]> {
  const numbers = await listNumbers(store, folder);
  const found: Numbered<Document>[] = [];
  for (let from = 0; from < numbers.length; from += READ_AT_ONCE) {
    const read = numbers.slice(from, from + READ_AT_ONCE).map(async (number) => ({
      number,
      document: await readNumbered<Document>(store, folder, number),
    }));
    found.push(...(await Promise.all(read)));
  }
  return found;
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

function numberedKey(folder: string, number: number): string {
  return `${folder}${String(number).padStart(6, '0')}.json`;
}
