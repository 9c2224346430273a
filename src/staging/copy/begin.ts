import { randomBytes } from 'node:crypto';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { COPY } from '../store/layout';
import { readMoved, storeMoved } from '../store/moved';
import { readDocument, sealDocument } from '../store/sealed-files';
import { type CopyDocument, readStore, type StoreDocument } from '../store/store-id';

export interface Begun {
  readonly source: StoreDocument;
  /** The id that the copy gets, or has. */
  readonly id: string;
  readonly isComplete: boolean;
}

export interface Stores {
  readonly from: StagingStore;
  readonly to: StagingStore;
  readonly addressOfFrom: string;
  readonly addressOfTo: string;
}

/**
 * Takes an empty place for a copy, or finds the copy that was begun or completed there.
 * @throws ExportError STAGING_NOT_REACHABLE, STORE_NOT_EMPTY, STORE_MOVED
 */
export async function begin({ from, to, addressOfFrom, addressOfTo }: Stores): Promise<Begun> {
  const source = await readStore(from);
  if (!source || source.isGivenUp) throw noStore(addressOfFrom);
  const moved = await readMoved(from);
  const made = await readStore(to);
  if (made?.isGivenUp) throw notEmpty(addressOfTo, 'has a part of a copy that was given up');
  if (made) {
    if (moved?.to !== made.id) throw notEmpty(addressOfTo, `is the store ${made.id} already`);
    return { source, id: made.id, isComplete: true };
  }
  const { from: copied, id } = await findOrMake(to, { source, addressOfTo });
  if (copied !== source.id) throw notEmpty(addressOfTo, `has a part of a copy of the store ${copied}`);
  if (moved && moved.to !== id) throw storeMoved(moved);
  return { source, id, isComplete: false };
}

async function findOrMake(
  to: StagingStore,
  { source, addressOfTo }: { readonly source: StoreDocument; readonly addressOfTo: string },
): Promise<CopyDocument> {
  const known = await readCopy(to);
  if (known) return known;
  const names = await to.list('');
  if (names.length > 0) throw notEmpty(addressOfTo, `has files or objects of something else (${names[0]})`);
  const made: CopyDocument = {
    from: source.id,
    id: randomBytes(4).toString('hex'),
    begun: new Date().toISOString(),
  };
  await sealDocument(to, COPY, made);
  // Another command may have been first.
  return (await readCopy(to)) ?? made;
}

export function readCopy(to: StagingStore): Promise<CopyDocument | undefined> {
  return readDocument<CopyDocument>(to, COPY);
}

function noStore(address: string): ExportError {
  return new ExportError(
    'STAGING_NOT_REACHABLE',
    `There is no staging store in ${address}. Nothing was copied. Name the configuration file of the workers that use it first, on a machine that reaches it.`,
  );
}

function notEmpty(address: string, what: string): ExportError {
  return new ExportError(
    'STORE_NOT_EMPTY',
    `A store cannot be copied to ${address}, which ${what}. Nothing was changed. Choose an empty folder, or a prefix without objects.`,
  );
}
