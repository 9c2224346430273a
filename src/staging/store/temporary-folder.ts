import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER_MODE, listFolder } from './local-files';
import { fateOf, PROCESS_NAME } from './process-name';

const PREFIX = 'temporal-mailchimp-';
const NAME = /^temporal-mailchimp-(process-\w+-\d+-\d+)-[0-9a-f]{16}$/;
/** Without a listener, these end the process with no word to it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Those that this process has to delete. */
const folders = new Set<string>();

/** Lends a temporary folder of the system, only the owner's: it is deleted when the work, or the process, ends. */
export async function withTemporaryFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = reserveTemporaryFolder();
  try {
    // Not where there is one of that name: another user may have made it.
    await mkdir(folder, { mode: FOLDER_MODE });
    await chmod(folder, FOLDER_MODE);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    folders.delete(folder);
    if (folders.size === 0) stopWatching();
  }
}

/** Path of such a folder, which need not be made. Its name cannot be guessed. It is deleted when the process ends. */
export function reserveTemporaryFolder(): string {
  const folder = join(tmpdir(), `${PREFIX}${PROCESS_NAME}-${randomBytes(8).toString('hex')}`);
  if (folders.size === 0) watch();
  folders.add(folder);
  return folder;
}

let isSwept = false;

function watch(): void {
  process.on('exit', removeAll);
  // First: a listener may remove itself when it is called, as that of Temporal's worker does, and would not be counted.
  for (const signal of SIGNALS) process.prependListener(signal, endBy);
  if (isSwept) return;
  isSwept = true;
  void sweepTemporaryFolders().catch(() => undefined);
}

function stopWatching(): void {
  process.off('exit', removeAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}

function endBy(signal: NodeJS.Signals): void {
  // What else listens ends the process by itself, perhaps after more work in these folders.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  stopWatching();
  process.kill(process.pid, signal);
}

function removeAll(): void {
  for (const folder of folders) {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // A statement may still write there. The next process deletes it.
    }
  }
}

/** Deletes those of processes of this user that ended without doing so, as one that was killed. */
async function sweepTemporaryFolders(): Promise<void> {
  for (const name of await listFolder(tmpdir())) {
    const [, owner = ''] = NAME.exec(name) ?? [];
    if (fateOf(owner) !== 'gone') continue;
    const path = join(tmpdir(), name);
    const found = await lstat(path).catch(() => undefined);
    // In a folder of another user, names may change while they are deleted.
    if (found?.isDirectory() && found.uid === process.getuid?.())
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
