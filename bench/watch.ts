import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MEMORY_EVERY_MS = 100;
const DISK_EVERY_MS = 500;

/** Samples a number until it is stopped. */
export class Watch {
  readonly #samples: { readonly at: number; readonly value: number }[] = [];
  readonly #ended: Promise<void>;
  #isOver = false;

  constructor(look: () => Promise<number>, everyMs: number) {
    this.#ended = this.#run(look, everyMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  /** The maximum between two times in unix milliseconds. */
  peak(from = 0, to = Infinity): number {
    const within = this.#samples.filter(({ at }) => at >= from && at <= to);
    return within.reduce((most, { value }) => Math.max(most, value), 0);
  }

  async #run(look: () => Promise<number>, everyMs: number): Promise<void> {
    while (!this.#isOver) {
      this.#samples.push({ at: Date.now(), value: await look() });
      await delay(everyMs);
    }
  }
}

/** Resident memory of a process; 0 on systems without Linux's /proc. */
export function watchMemory(pid: number): Watch {
  return new Watch(async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }, MEMORY_EVERY_MS);
}

export function watchDisk(folder: string): Watch {
  return new Watch(() => bytesIn(folder), DISK_EVERY_MS);
}

/** Bytes of all files in a folder and below it. Files may appear and disappear while it reads. */
export async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (file) => (file.isFile() ? file.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
