import { randomBytes } from 'node:crypto';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { STORE } from './layout';
import { readDocument, sealDocument } from './sealed-files';

interface StoreDocument {
  readonly id: string;
  /** What the store is: a `folder` can be used only by workers that reach it. */
  readonly kind: string;
  readonly created: string;
}

/** Undefined where no worker has opened the store yet. */
export function readStore(store: StagingStore): Promise<StoreDocument | undefined> {
  return readDocument<StoreDocument>(store, STORE);
}

/** @returns the id of the store; undefined where no worker has opened it yet */
export async function readStoreId(store: StagingStore): Promise<string | undefined> {
  return (await readStore(store))?.id;
}

/** Creates the store at its first opening. @returns its id */
export async function openStore(store: StagingStore): Promise<string> {
  const known = await readStoreId(store);
  if (known) return known;
  const made: StoreDocument = {
    id: randomBytes(4).toString('hex'),
    kind: store.kind,
    created: new Date().toISOString(),
  };
  await sealDocument(store, STORE, made);
  // Several workers may open it at once: what is stored counts.
  const id = await readStoreId(store);
  if (id) return id;
  throw new ExportError(
    'STAGING_CORRUPT',
    'store.json vanished from the staging store while it was opened. Start the worker again.',
  );
}
