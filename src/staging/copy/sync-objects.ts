import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StagingStore } from '../../ports/staging-store';
import { hashOfFile } from '../store/file-cache';
import { CONTENTS, isClaimedKey, scratchOf } from '../store/layout';
import { createFile, randomName } from '../store/local-files';
import { listAll } from '../store/sealed-files';
import { createSemaphore } from '../store/semaphore';
import type { Readability } from './readable';

const AT_ONCE = 8;

interface Sync {
  readonly from: StagingStore;
  readonly to: StagingStore;
  readonly readable: Readability;
  /**
   * Whether marks of superseded jobs are copied: after all else, since what a job has written after its mark counts as late. While jobs
   * run in the store, there may be more to come.
   */
  readonly withMarks: boolean;
}

/** What one pass has found and changed. Without changes, both stores had the same objects, by their hashes. */
export interface Pass {
  readonly objects: number;
  readonly changed: number;
}

/** Makes the objects of `to` those of `from`. Objects that are the same stay, so a repeated pass copies only the rest. */
export async function syncObjects(sync: Sync): Promise<Pass> {
  const { from, to, withMarks } = sync;
  const present = new Set(await keysOf(to));
  const wanted = (await keysOf(from)).filter((key) => withMarks || !isClaimedKey(key));
  const marks = wanted.filter(isClaimedKey);
  const others = wanted.filter((key) => !isClaimedKey(key));
  let changed = 0;
  for (const keys of [others, marks]) {
    changed += await countAtOnce(keys, (key) => syncObject(sync, key, present.has(key)));
    for (const key of keys) present.delete(key);
  }
  const isGone = async (key: string): Promise<boolean> => {
    if (await from.head(key)) return false;
    await to.delete(key);
    return true;
  };
  return { objects: wanted.length, changed: changed + (await countAtOnce([...present], isGone)) };
}

async function keysOf(store: StagingStore): Promise<string[]> {
  const keys: string[] = [];
  for (const folder of CONTENTS) keys.push(...(await listAll(store, folder)));
  return keys;
}

async function countAtOnce(
  keys: readonly string[],
  isChanged: (key: string) => Promise<boolean>,
): Promise<number> {
  const withSlot = createSemaphore(AT_ONCE);
  let changed = 0;
  let hasFailed = false;
  const one = async (key: string): Promise<void> => {
    if (hasFailed) return;
    try {
      if (await isChanged(key)) changed += 1;
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  // All of them, so that none still writes when the first failure is thrown.
  const ended = await Promise.allSettled(keys.map((key) => withSlot(() => one(key))));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return changed;
}

/** @returns whether the copy was changed */
async function syncObject(sync: Sync, key: string, isPresent: boolean): Promise<boolean> {
  const { from, to } = sync;
  if (isPresent) {
    const [wanted, found] = await Promise.all([hashIn(from, key), hashIn(to, key)]);
    if (wanted === found) return false;
    // Numbers and reservations are used again, with other content; so is the name of a file that a crash has cut.
    await to.delete(key);
  }
  await (isRowFile(key) ? copyFile(sync, key) : copyText(sync, key));
  return true;
}

async function hashIn(store: StagingStore, key: string): Promise<string | undefined> {
  const { sha256 } = (await store.head(key)) ?? {};
  if (sha256 !== undefined) return sha256;
  const file = await store.localFile(key);
  return file === undefined ? undefined : hashOfFile(file);
}

function isRowFile(key: string): boolean {
  return key.endsWith('.parquet') || key.endsWith('.ndjson');
}

async function copyText({ from, to, readable }: Sync, key: string): Promise<void> {
  const text = await from.get(key);
  // Deleted since it was listed: the next pass sees it.
  if (text === undefined) return;
  if (key.endsWith('.json')) readable.requireJson(key, text);
  await to.put(key, text);
}

/** Through a file of the other store, which takes it over. */
async function copyFile({ from, to, readable }: Sync, key: string): Promise<void> {
  const source = await from.localFile(key);
  if (source === undefined) return;
  const path = join(scratchOf(to), `put-${randomName()}`);
  const file = await createFile(path);
  try {
    await pipeline(createReadStream(source), file.createWriteStream());
    await readable.requireRows(key, path);
    await to.put(key, { file: path });
  } finally {
    await rm(path, { force: true });
    // A copy of an object, of a store whose objects may be more than the disk holds.
    if (from.isServed) await rm(source, { force: true });
  }
}
