import type { Operation } from '../batches/batch';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The files in the folder that keeps the state of a sandbox. */
export interface KeptFiles {
  readonly state: string;
  /** Archives of results, and operations of batches that have not finished. */
  readonly batches: string;
}

export async function openKeptFiles(folder: string): Promise<KeptFiles> {
  const batches = join(folder, 'batches');
  await mkdir(batches, { recursive: true, mode: 0o700 });
  return { state: join(folder, 'state.ndjson'), batches };
}

export const operationsFile = (folder: string, batchId: string): string =>
  join(folder, `${batchId}-operations.json`);

/** @throws Error that names the file */
export async function readOperations(folder: string, batchId: string): Promise<readonly Operation[]> {
  const file = operationsFile(folder, batchId);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Operation[];
  } catch (error) {
    throw new Error(`sandbox: the state file ${file} is damaged or not there`, { cause: error });
  }
}

/** What a killed process has left: results that are not archived, and files of batches that it did not get to know. */
export async function removeOthers(folder: string, batchIds: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const [id = ''] = name.split(/[-.]/);
    if (batchIds.has(id) && !name.endsWith('.results')) continue;
    await rm(join(folder, name), { force: true });
  }
}
