import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagingStore } from '../../ports/staging-store';
import { ATTEMPTS, checkedName, SCRATCH } from './layout';
import { isOlder, listFolder } from './local-files';
import { fateOf, PROCESS_NAME } from './process-name';

const HOUR_MS = 60 * 60_000;
/** A process that lives notes it every hour. No step takes so long, either. */
const GONE_AFTER_MS = 24 * HOUR_MS;

type Work = Pick<StagingStore, 'workFolder'>;

/** Sweeps at once and every hour, for as long as a worker has the store open. @returns what ends it */
export function sweepHourly(store: Work): () => void {
  // What cannot be deleted now may be deleted later, and no step depends on it.
  const sweep = () => void sweepScratch(store).catch(() => undefined);
  sweep();
  const timer = setInterval(sweep, HOUR_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Deletes the files in progress of processes that are gone. Those of a process that runs, or is frozen, stay. Of one that cannot be asked for here, such as on
 * another machine with the same folder, they go when it has not noted for a day that it lives.
 */
export async function sweepScratch({ workFolder }: Work): Promise<void> {
  const scratch = join(workFolder, SCRATCH);
  for (const name of await listFolder(scratch)) {
    const path = join(scratch, name);
    if (name === PROCESS_NAME) await utimes(path, new Date(), new Date());
    else if (await isLeft(name, path)) await remove(path);
  }
  // Before version 0.4.0, all processes had theirs in one folder.
  for (const destination of await listFolder(join(scratch, ATTEMPTS)))
    await sweepOld(join(scratch, ATTEMPTS, destination));
}

async function isLeft(name: string, path: string): Promise<boolean> {
  const fate = fateOf(name);
  if (fate === 'gone') return true;
  return (fate === 'unknown' || FORMER.test(name)) && isOlder(path, GONE_AFTER_MS);
}

/** Also of a store of the host, which may have files of its own beside them. */
const FORMER = /^(put|forget|source)-/;

async function sweepOld(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    if (await isOlder(path, GONE_AFTER_MS)) await remove(path);
  }
}

/** One that cannot be deleted must not keep the others. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/** Deletes what steps of a destination have in progress, in all processes: when none of them may work any longer. */
export async function removeAttempts({ workFolder }: Work, destinationId: string): Promise<void> {
  const scratch = join(workFolder, SCRATCH);
  const own = join(ATTEMPTS, checkedName(destinationId));
  const processes = (await listFolder(scratch)).filter((name) => fateOf(name) !== undefined);
  for (const folder of [scratch, ...processes.map((name) => join(scratch, name))])
    await rm(join(folder, own), { recursive: true, force: true });
}
