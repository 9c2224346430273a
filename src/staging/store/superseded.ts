import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { claimedKey, REWRITTEN } from './layout';
import { randomName } from './local-files';
import { listAll, sealLines } from './sealed-files';

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

/** Stores of objects note whole seconds. */
const SECOND_MS = 1000;

/** Where rows go: to a key, or to one that nothing else has, in a folder. */
type Target = { readonly key: string } | { readonly folder: string };

/**
 * Deletes what was created of a superseded export after the mark of that: by an attempt that died before it looked again, or that never learned whether
 * its object was created. What an export has sealed before is older than its mark, and stays; so does what a forget has written again without the person.
 * @returns whether the export is superseded
 */
async function takeBackLate(store: StagingStore, ref: ExportRef, target: Target): Promise<boolean> {
  const mark = await store.head(claimedKey(ref));
  if (!mark) return false;
  const keys = 'key' in target ? [target.key] : await listAll(store, target.folder);
  for (const key of keys.filter((one) => !one.endsWith(REWRITTEN))) {
    const found = await store.head(key);
    if (found && found.createdMs > mark.createdMs + SECOND_MS) await store.delete(key);
  }
  return true;
}

/**
 * Creates an object with rows of people, as `sealLines`, for an export that no later job has superseded. Looks at the claim again afterwards, also where it
 * failed, and takes the object back: a process that was frozen for long may write when one of its people was forgotten since. A later job has its mark
 * before it looks at the objects, so one of the two finds it.
 * @throws ExportError SUPERSEDED
 */
export async function sealRows(
  store: StagingStore,
  ref: ExportRef,
  { pages, ...target }: Target & { readonly pages: Parameters<typeof sealLines>[2] },
): Promise<boolean> {
  if (await takeBackLate(store, ref, target)) throw superseded();
  const key = 'key' in target ? target.key : `${target.folder}${randomName()}.ndjson`;
  let isOurs: boolean;
  try {
    isOurs = await sealLines(store, key, pages);
  } catch (error) {
    // It may be there: the answer may have been lost. Where the store is away, the next attempt finds it.
    if (await takeBackLate(store, ref, target).catch(() => false)) throw superseded();
    throw error;
  }
  if (!(await isSuperseded(store, ref))) return isOurs;
  if (isOurs) await store.delete(key);
  throw superseded();
}
