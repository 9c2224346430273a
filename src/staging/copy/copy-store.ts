import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { readBaseline } from '../store/documents';
import { translatingStore } from '../store/failure';
import { DESTINATIONS, STORE } from '../store/layout';
import { presentStore } from '../store/present-store';
import { listFolders, sealDocument } from '../store/sealed-files';
import { readStore, type StoreDocument } from '../store/store-id';
import { readMoved, storeMoved } from '../store/moved';
import { begin, type Begun, readCopy, type Stores } from './begin';
import { liftFence, newMark, sealMoved, supersedeJobs } from './fence';
import { incompleteCopy } from './incomplete-copy';
import { readability } from './readable';
import { type Pass, syncObjects } from './sync-objects';

interface CopyRequest extends Stores {
  readonly memoryLimit: string;
  /** The baselines that destinations go on with: these have to be in the store. */
  readonly baselines: readonly { readonly destinationId: string; readonly exportId: string }[];
  readonly onPass?: (pass: Pass) => void;
}

export interface CopiedStore {
  /** Ids. */
  readonly from: string;
  readonly to: string;
  readonly objects: number;
  /** That this call has copied or removed. */
  readonly changed: number;
  /** Ids of all destinations that it has rows or consents of. */
  readonly destinations: readonly string[];
}

/** Each pass but the first has little to do, since no job writes any longer; rows may expire. */
const MAX_PASSES = 10;

/**
 * Copies a store to an empty place, where it goes on under a new id. First while jobs run; then no job of the store may write any longer, and what has
 * changed since is copied until a pass finds the same objects, by their hashes, in both. The document that makes the copy a store comes last.
 * A repeated call goes on where one was killed. One that fails before the end lets the store take jobs again.
 * @throws ExportError STAGING_NOT_REACHABLE, STORE_NOT_EMPTY, STORE_MOVED, STAGING_CORRUPT, STAGING_FAILED, STAGING_STORE_UNSAFE, DISK_FULL
 */
export async function copyStore(request: CopyRequest): Promise<CopiedStore> {
  await request.to.requireSafe?.();
  const stores = opened(request);
  const begun = await begin(stores);
  const { source, id, isComplete } = begun;
  // Of another task queue; or a worker of an earlier version, which does not look at the mark, has gone on.
  if (isComplete) await requireBaselines(stores.to, request.baselines);
  const { objects, changed } = isComplete
    ? { objects: 0, changed: 0 }
    : await copy({ ...request, ...stores, from: presentStore(stores.from) }, begun);
  const destinations = await listFolders(stores.to, DESTINATIONS);
  return { from: source.id, to: id, objects, changed, destinations };
}

function opened<Given extends Stores>({ from, to, ...rest }: Given) {
  return { ...rest, from: translatingStore(from), to: translatingStore(to) };
}

async function copy(request: CopyRequest, { source, id }: Begun): Promise<Pass> {
  const { from, to, memoryLimit, addressOfTo, onPass } = request;
  await requireBaselines(from, request.baselines);
  const readable = readability(to, memoryLimit);
  const copied = incompleteCopy(to, id);
  const mark = newMark(id);
  try {
    let total = 0;
    const pass = async (withMarks: boolean): Promise<Pass> => {
      const found = await syncObjects({ from, to: copied, readable, withMarks });
      total += found.changed;
      onPass?.(found);
      return found;
    };
    await pass(false);
    try {
      await sealMoved(from, mark, { to: id, address: addressOfTo });
      await supersedeJobs(from);
      const { objects } = await untilSame(() => pass(true));
      await requireBaselines(to, request.baselines);
      await complete(request, { source, id });
      return { objects, changed: total };
    } catch (error) {
      // Once the copy may be a store, the mark stays.
      if (error instanceof Incomplete) throw error.cause;
      await from.delete(mark);
      throw error;
    }
  } finally {
    await readable.close();
  }
}

async function untilSame(pass: () => Promise<Pass>): Promise<Pass> {
  for (let left = MAX_PASSES; left > 0; left -= 1) {
    const found = await pass();
    if (found.changed === 0) return found;
  }
  throw new ExportError(
    'STAGING_FAILED',
    `The staging store has changed during each of ${MAX_PASSES} copies. It takes exports as before. Stop its workers, then repeat the command.`,
  );
}

/** Whether the copy has become a store is not known. */
class Incomplete extends Error {}

async function complete(
  { to, addressOfTo }: Stores,
  { source, id }: { readonly source: StoreDocument; readonly id: string },
): Promise<void> {
  const made: StoreDocument = {
    id,
    kind: to.kind,
    created: new Date().toISOString(),
    formerIds: [...(source.formerIds ?? []), source.id],
  };
  const found = await sealStore(to, made);
  if (found.id === id && !found.isGivenUp) return;
  throw found.isGivenUp
    ? new ExportError('STAGING_FAILED', 'The copy was given up while it was made. Copy to another place.')
    : new ExportError(
        'STAGING_STORE_UNSAFE',
        `${addressOfTo} has become the store ${found.id} while the store ${id} was copied there. Copy to another place.`,
      );
}

/** Decides between those that complete the copy and those that give it up: the first one has created the document. */
async function sealStore(to: StagingStore, made: StoreDocument): Promise<StoreDocument> {
  try {
    await sealDocument(to, STORE, made);
    const found = await readStore(to);
    if (found) return found;
    throw new ExportError('STAGING_FAILED', `${STORE} has vanished from the copy. Repeat the command.`);
  } catch (error) {
    throw new Incomplete('', { cause: error });
  }
}

async function requireBaselines(store: StagingStore, baselines: CopyRequest['baselines']): Promise<void> {
  for (const ref of baselines) {
    if (await readBaseline(store, ref)) continue;
    throw new ExportError(
      'STAGING_CORRUPT',
      `The destination ${ref.destinationId} goes on from the export ${ref.exportId}, whose baseline is not in the store. No destination was moved. Restore the store from a backup.`,
    );
  }
}

/**
 * Gives up a copy that is not complete: the store takes jobs again.
 * @throws ExportError STORE_MOVED where it is complete, INPUT_INVALID where none was begun
 */
export async function cancelCopy(request: Stores): Promise<{ readonly from: string }> {
  const { from, to, addressOfFrom, addressOfTo } = opened(request);
  const source = await readStore(from);
  if (!source)
    throw new ExportError('STAGING_NOT_REACHABLE', `There is no staging store in ${addressOfFrom}.`);
  const [moved, copy] = [await readMoved(from), await readCopy(to)];
  if (copy?.from !== source.id)
    throw new ExportError(
      'INPUT_INVALID',
      `No copy of ${addressOfFrom} was begun in ${addressOfTo}. Nothing was changed.`,
    );
  const { id } = copy;
  if (moved && moved.to !== id) throw storeMoved(moved);
  const tombstone = { id, kind: to.kind, created: new Date().toISOString(), isGivenUp: true } as const;
  // First: a command that still copies, or was frozen, then completes nothing.
  const made = await sealStore(to, tombstone);
  if (!made.isGivenUp)
    throw new ExportError(
      'STORE_MOVED',
      `The copy of ${addressOfFrom} in ${addressOfTo} is complete, so it cannot be given up: destinations go on there.`,
    );
  await liftFence(from, id);
  return { from: source.id };
}
