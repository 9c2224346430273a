import { link, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'sandbox.pid';

/** The locks of this process. In a container, an earlier process that was killed may have had the same id. */
const held = new Set<string>();

/**
 * Takes the folder for one sandbox. A second one would not see what the first one changes, and at the next start the changes of one are lost.
 * @returns what lets another sandbox use the folder
 * @throws Error while another sandbox uses it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(await realpath(folder), FILE);
  if (held.has(file)) throw inUse(folder, file, process.pid);
  held.add(file);
  try {
    await claim(folder, file);
  } catch (error) {
    held.delete(file);
    throw error;
  }
  return async () => {
    held.delete(file);
    await rm(file, { force: true });
  };
}

/** A link is created with its content, or not at all: of two that start at the same moment, only one gets the folder. */
async function claim(folder: string, file: string): Promise<void> {
  const own = `${file}.${process.pid}`;
  await writeFile(own, String(process.pid), { mode: 0o600 });
  try {
    await link(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (isAnother(pid)) throw inUse(folder, file, pid);
    // Of a process that was killed.
    await rm(file, { force: true });
    await claim(folder, file);
  } finally {
    await rm(own, { force: true });
  }
}

/** Whether the id is that of another process, which runs. */
function isAnother(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(folder: string, file: string, pid: number): Error {
  return new Error(
    `sandbox: another sandbox (process ${pid}) uses the folder ${folder}. Stop it first, or choose another folder; if that process is ` +
      `another program, delete ${file}`,
  );
}
