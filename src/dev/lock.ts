import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TOUCH_EVERY_MS = 2_000;
// A holder that has not touched its lock for this long is dead. Not a check of its pid: the cache may be shared by
// containers, whose pids mean nothing to each other.
const STALE_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 500;

/**
 * Runs `body` while holding a lock file. The lock saves work, not correctness: two holders, possible for a moment when
 * a stale lock is taken over, would build twice and both publish by an atomic rename.
 */
export async function withLock<T>(path: string, onWait: () => void, body: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  let told = false;
  while (!tryLock(path, token)) {
    if (!told) onWait();
    told = true;
    await delay(LOOK_EVERY_MS);
  }
  const touch = setInterval(() => touchLock(path), TOUCH_EVERY_MS);
  try {
    return await body();
  } finally {
    clearInterval(touch);
    if (readLock(path) === token) rmSync(path, { force: true });
  }
}

function tryLock(path: string, token: string): boolean {
  try {
    writeFileSync(path, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const age = ageOf(path);
  if (age !== undefined && age > STALE_AFTER_MS) rmSync(path, { force: true });
  return false;
}

function ageOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && Date.now() - stats.mtimeMs;
}

function touchLock(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Taken over as stale (the machine slept): the work goes on, see withLock.
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
