import { setTimeout as delay } from 'node:timers/promises';

/** Looks every 50 ms until the fact holds; throws with its name after the deadline. */
export async function until(fact: string, holds: () => boolean, deadlineMs = 20_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${fact}`);
    await delay(50);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
