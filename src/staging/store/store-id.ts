import { randomBytes } from 'node:crypto';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { COPY, STORE } from './layout';
import { readDocument, sealDocument } from './sealed-files';

export interface StoreDocument {
  readonly id: string;
  /** What the store is: a `folder` can be used only by workers that reach it. */
  readonly kind: string;
  readonly created: string;
  /** Ids of the stores that it is a copy of, the latest last. Undefined: it is no copy. */
  readonly formerIds?: readonly string[];
  /** The copy was given up: it is no store, and none can be made here. Undefined: it is one. */
  readonly isGivenUp?: true;
}

/** Which store a store is a copy of. It is written first, and `store.json` last. */
export interface CopyDocument {
  readonly from: string;
  /** The id that the copy gets. */
  readonly id: string;
  readonly begun: string;
}

/** Undefined where no worker has opened the store yet. */
export function readStore(store: StagingStore): Promise<StoreDocument | undefined> {
  return readDocument<StoreDocument>(store, STORE);
}

/** @returns the id of the store; undefined where no worker has opened it yet */
async function readStoreId(store: StagingStore): Promise<string | undefined> {
  return (await readStore(store))?.id;
}

/** Creates the store at its first opening. @returns its id */
export async function openStore(store: StagingStore): Promise<string> {
  const known = await readStore(store);
  if (known?.isGivenUp) throw givenUp();
  if (known) return known.id;
  const copy = await readDocument<CopyDocument>(store, COPY);
  if (copy) throw incomplete(copy);
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

function givenUp(): ExportError {
  return new ExportError(
    'STAGING_STORE_UNSAFE',
    'This is a part of a copy of a staging store, which was given up. Name another place in the section staging, or delete all that is here.',
  );
}

/** Without this, a worker would make it a store, and export a part of what the other one has. */
function incomplete({ from }: CopyDocument): ExportError {
  return new ExportError(
    'STAGING_STORE_UNSAFE',
    `This staging store is a copy of the store ${from}, which is not complete. Repeat temporal-mailchimp store copy, then start the worker again.`,
  );
}

/**
 * Before a claim: in a bucket that was emptied, or replaced by another one, each claim would be the first, and each export would take the audience for one
 * that it has never written to.
 * @throws ExportError STAGING_FAILED
 */
export async function requireSameStore(store: StagingStore, id: string): Promise<void> {
  const found = await readStoreId(store);
  if (found === id) return;
  throw new ExportError(
    'STAGING_FAILED',
    `This is not the staging store ${id} that the worker has opened: ${found === undefined ? `its ${STORE} is missing` : `its ${STORE} has the id ${found}`}. Nothing was claimed. It is tried again; restore the objects of the store, or correct the settings of staging and restart the worker.`,
    { details: { storeId: id } },
  );
}
