import { randomUUID } from 'node:crypto';
import type { StagingStore } from '../../ports/staging-store';
import { claim, lastClaim } from '../delivery/claim';
import { DESTINATIONS, MOVED } from '../store/layout';
import { type MovedDocument, readMoved, storeMoved } from '../store/moved';
import { listFolders, sealDocument } from '../store/sealed-files';

/**
 * From now on, no job claims its destination here.
 * @returns whether this call has set the mark
 * @throws ExportError STORE_MOVED where yet another store takes its place
 */
export async function sealMoved(store: StagingStore, to: Omit<MovedDocument, 'at'>): Promise<boolean> {
  const isOurs = await sealDocument(store, MOVED, { ...to, at: new Date().toISOString() });
  const moved = await readMoved(store);
  if (moved && moved.to !== to.to) throw storeMoved(moved);
  return isOurs;
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

/** Lets the store take jobs again. */
export function liftFence(store: StagingStore): Promise<void> {
  return store.delete(MOVED);
}
