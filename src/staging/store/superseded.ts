import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { claimedKey } from './layout';
import { sealLines } from './sealed-files';

/** Whether a later job has claimed the destination, or is about to: each claim but the last one has a mark. */
export async function isSuperseded(store: StagingStore, ref: ExportRef): Promise<boolean> {
  return (await store.head(claimedKey(ref))) !== undefined;
}

export function superseded(): ExportError {
  return new ExportError(
    'SUPERSEDED',
    'This job may no longer send or write rows: a later job of the same destination has taken over. Nothing needs to be done.',
  );
}

/**
 * Creates an object with rows of people, as `sealLines`, for an export that no later job has superseded. Looks at the claim again afterwards, and takes
 * the object back: a process that was frozen for long may write when one of its people was forgotten since. A later job has its mark before it looks at
 * the objects, so one of the two finds it.
 * @throws ExportError SUPERSEDED
 */
export async function sealRows(
  store: StagingStore,
  ref: ExportRef,
  { key, pages }: { readonly key: string; readonly pages: Parameters<typeof sealLines>[2] },
): Promise<boolean> {
  if (await isSuperseded(store, ref)) throw superseded();
  const isOurs = await sealLines(store, key, pages);
  if (!(await isSuperseded(store, ref))) return isOurs;
  if (isOurs) await store.delete(key);
  throw superseded();
}
