import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'sandbox.pid';

/** Files of locks that this process holds. After a restart of a container, another process may have had the same id. */
const held = new Set<string>();

/**
 * Takes the folder for one sandbox. A second one would not see what the first has changed, and its file would lose it.
 * @returns what lets another sandbox use the folder
 * @throws Error while another sandbox uses it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(await realpath(folder), FILE);
  while (!(await created(file))) {
    const pid = await ownerOf(file);
    if (isRunning(pid, file)) {
      throw new Error(
        `sandbox: another sandbox (process ${pid}) uses the folder ${folder}. Stop it first, or choose another folder; if that ` +
          `process is another program, delete ${file}`,
      );
    }
    // Of a process that was killed.
    await rm(file, { force: true });
  }
  held.add(file);
  return async () => {
    held.delete(file);
    await rm(file, { force: true });
  };
}

async function created(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

async function ownerOf(file: string): Promise<number> {
  return Number(await readFile(file, 'utf8').catch(() => '0'));
}

function isRunning(pid: number, file: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return held.has(file);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
