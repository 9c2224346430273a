import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Takes a folder for this process: two sandboxes that append to one file would each lose what the other one acknowledged. What a killed
 * process has left is taken over.
 * @returns lets another sandbox use it
 * @throws Error while another process uses it
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const owner = join(folder, 'sandbox.pid');
  const own = `${owner}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    // A link is created with its content, or not at all: of two that start at the same moment, only one gets it.
    while (!(await linked(own, owner))) await removeDead(folder, owner);
  } finally {
    await rm(own, { force: true });
  }
  return () => rm(owner, { force: true });
}

async function linked(own: string, owner: string): Promise<boolean> {
  try {
    await link(own, owner);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeDead(folder: string, owner: string): Promise<void> {
  const pid = Number(await readFile(owner, 'utf8').catch(() => '0'));
  if (isAlive(pid))
    throw new Error(
      `sandbox: the folder ${folder} is used by another sandbox (process ${pid}). Stop it first; if that process is another program, delete ${owner}`,
    );
  await rm(owner, { force: true });
}

function isAlive(pid: number): boolean {
  // A container gives each of its runs the same number.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
