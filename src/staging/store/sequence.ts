import type { StagingStore } from '../../ports/staging-store';
import { listObjects, readDocument, sealDocument } from './sealed-files';

/** Documents that are only ever added: `000001.json`, `000002.json`, … */
export async function listNumbers(store: StagingStore, folder: string): Promise<number[]> {
  const names = await listObjects(store, folder);
  return names.filter((name) => /^\d{6,}\.json$/.test(name)).map((name) => Number.parseInt(name, 10));
}

interface Numbered<Document> {
  readonly number: number;
  readonly document: Document | undefined;
}

/** All documents of a sequence, in their order. */
export async function readSequence<Document>(
  store: StagingStore,
  folder: string,
): Promise<readonly Numbered<Document>[]> {
  const numbers = await listNumbers(store, folder);
  return Promise.all(
    numbers.map(async (number) => ({
      number,
      document: await readNumbered<Document>(store, folder, number),
    })),
  );
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
