import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TOUCH_INTERVAL_MS = 2_000;
// A holder that has not touched its lock for this long is considered dead. Its pid is no proof: containers that share the
// cache cannot see each other's processes.
const STALE_AFTER_MS = 30_000;
const POLL_MS = 500;

/**
 * Runs `body` while holding a lock file. The lock saves work, not correctness: two holders, possible for a moment when
 * a stale lock is taken over, would build twice and both publish by an atomic rename.
 */
export async function withLock<T>(path: string, onWait: () => void, body: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  let reported = false;
  while (!tryLock(path, token)) {
    if (!reported) onWait();
    reported = true;
    await delay(POLL_MS);
  }
  const touch = setInterval(() => touchLock(path), TOUCH_INTERVAL_MS);
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
    // Another process took over the lock as stale (this machine slept). The work continues; see withLock.
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
