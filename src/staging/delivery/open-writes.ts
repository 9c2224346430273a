import type { ExportRef } from '../../contract/identifiers';
import type { Write } from '../../contract/plan';
import type { StagingStore } from '../../ports/staging-store';
import { checkedName, openWritesFolder } from '../store/layout';
import { listObjects, readDocument, sealDocument } from '../store/sealed-files';

// A process can be frozen between its look at the claim and its request, and go on when later exports have ended. No look before the
// request excludes that, so each attempt leaves a trace until it is known that it did not happen. The traces of all exports lie in one
// folder of their destination: an export finds those of the others at the same cost, however old the destination is.

interface OpenWriteDocument extends Write {
  readonly exportId: string;
  readonly at: string;
  /** The batch that a superseded attempt has made. */
  readonly batchId: string | null;
}

export interface OpenWrite extends OpenWriteDocument {
  readonly key: string;
}

export async function openWrite(store: StagingStore, ref: ExportRef, write: Write): Promise<void> {
  await seal(store, ref, { write, kind: 'open', batchId: null });
}

export async function endWrite(store: StagingStore, ref: ExportRef, write: Write): Promise<void> {
  await store.delete(keyOf(ref, write, 'open'));
}

/** Under a key of its own: a later export may have dealt with the open write already, and then deletes it. */
export async function recordLateWrite(
  store: StagingStore,
  ref: ExportRef,
  { write, batchId }: { readonly write: Write; readonly batchId: string | null },
): Promise<void> {
  await seal(store, ref, { write, kind: 'late', batchId });
}

/** Writes of other exports of the destination. They are earlier ones: a later one's claim ends this one. */
export async function listOpenWrites(
  store: StagingStore,
  { destinationId, exportId }: ExportRef,
): Promise<readonly OpenWrite[]> {
  const folder = openWritesFolder(destinationId);
  const found: OpenWrite[] = [];
  for (const name of await listObjects(store, folder)) {
    const key = folder + name;
    const document = await readDocument<OpenWriteDocument>(store, key);
    if (document && document.exportId !== exportId) found.push({ ...document, key });
  }
  return found;
}

/** Of any export of the destination. */
export async function hasOpenWrites(
  store: StagingStore,
  { destinationId }: Pick<ExportRef, 'destinationId'>,
): Promise<boolean> {
  return (await listObjects(store, openWritesFolder(destinationId))).length > 0;
}

interface Trace {
  readonly write: Write;
  readonly kind: 'open' | 'late';
  readonly batchId: string | null;
}

async function seal(store: StagingStore, ref: ExportRef, { write, kind, batchId }: Trace): Promise<void> {
  const { part, attempt, lane } = write;
  const at = new Date().toISOString();
  const document: OpenWriteDocument = { exportId: ref.exportId, part, attempt, lane, at, batchId };
  await sealDocument(store, keyOf(ref, write, kind), document);
}

function keyOf({ destinationId, exportId }: ExportRef, { part, attempt }: Write, kind: string): string {
  return openWritesFolder(destinationId) + checkedName(`${exportId}.${part}.${attempt}.${kind}.json`);
}
