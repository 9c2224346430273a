import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

interface Writing {
  /** Rights of the file. */
  readonly mode: number;
  /** Of the file under its first name; what it throws leaves the earlier file. */
  readonly check?: (fresh: string) => Promise<void>;
}

/**
 * Writes a file under a name of its own, and renames it when it is on the disk: a process that dies leaves the earlier file or the later one,
 * and a reader never finds half of one.
 */
export async function writeWhole(path: string, text: string, { mode, check }: Writing): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(fresh, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await check?.(fresh);
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
