import { randomBytes } from 'node:crypto';
import { ExportError } from '../../errors';
import type { Layout } from './layout';
import { readDocument, sealDocument } from './atomic-files';

interface StoreDocument {
  readonly id: string;
  /** `folder`: only workers that reach this folder can use the store. */
  readonly affinity: 'folder';
  readonly created: string;
}

/** Makes the store at its first opening. @returns its id */
export async function openStore(layout: Layout): Promise<string> {
  const known = await readDocument<StoreDocument>(layout.store);
  if (known) return known.id;
  const made: StoreDocument = {
    id: randomBytes(4).toString('hex'),
    affinity: 'folder',
    created: new Date().toISOString(),
  };
  if (await sealDocument(layout.store, made)) return made.id;
  const theirs = await readDocument<StoreDocument>(layout.store);
  if (theirs) return theirs.id;
  throw new ExportError(
    'STAGING_CORRUPT',
    'store.json vanished from the staging folder while it was opened.',
  );
}
