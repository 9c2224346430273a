import { randomUUID } from 'node:crypto';
import type { StagingStore } from '../../ports/staging-store';
import { claim, lastClaim } from '../delivery/claim';
import { DESTINATIONS, MOVED } from '../store/layout';
import { randomName } from '../store/local-files';
import { type MovedDocument, readMarks, storeMoved } from '../store/moved';
import { listFolders, listObjects, sealDocument } from '../store/sealed-files';

/**
 * Key of the mark of one command. Each has its own: one that fails takes back only what it has set, also when it was frozen and another one has
 * completed the copy since.
 */
export function newMark(id: string): string {
  return `${MOVED}${id}-${randomName()}.json`;
}

/**
 * From now on, no job claims its destination here.
 * @throws ExportError STORE_MOVED where yet another store takes its place
 */
export async function sealMoved(
  store: StagingStore,
  mark: string,
  to: Omit<MovedDocument, 'at'>,
): Promise<void> {
  await sealDocument(store, mark, { ...to, at: new Date().toISOString() });
  const other = (await readMarks(store)).find((one) => one.to !== to.to);
  if (other) throw storeMoved(other);
}

/**
 * Supersedes the last job of each destination for good, after the mark: a job that claims later finds that. What a frozen process may still send lies here as
 * an open write, so it is copied, and the first job of the other store waits for it and sends these contacts again, as after a crash.
 */
export async function supersedeJobs(store: StagingStore): Promise<void> {
  for (const destinationId of await listFolders(store, DESTINATIONS))
    if (await lastClaim(store, destinationId))
      await claim(store, { destinationId, exportId: randomUUID() }, 'copy');
}

/** Lets the store take jobs again, once the copy with this id cannot be completed any longer. */
export async function liftFence(store: StagingStore, id: string): Promise<void> {
  for (const name of await listObjects(store, MOVED))
    if (name.startsWith(`${id}-`)) await store.delete(MOVED + name);
}
