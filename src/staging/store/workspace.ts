import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { Database } from '../../duckdb/database';
import { openDatabase, threadsFor } from '../../duckdb/open';
import type { StagingStore } from '../../ports/staging-store';
import { makeFolder } from './local-files';
import { withTemporaryFolder } from './temporary-folder';

/** What every step that works in a database needs. */
export interface StepContext {
  readonly store: StagingStore;
  readonly memoryLimit: string;
  readonly ref: ExportRef;
  readonly now: () => Date;
  /** Interrupts the database when it is aborted. The step then fails with its reason. */
  readonly signal?: AbortSignal | undefined;
}

interface WorkspaceOptions {
  /** The attempt's own folder. */
  readonly folder: string;
  readonly memoryLimit: string;
  /** About as many rows as the step reads. */
  readonly rows: number;
  /** Folder that SQL may read and write. */
  readonly allow: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lends a database for one step. Its tables lie in memory and spill into the attempt's folder: a database file would be compressed,
 * logged and synced, for tables that are gone with the step.
 */
export async function withWorkspace<Result>(
  { folder, memoryLimit, rows, allow, signal }: WorkspaceOptions,
  work: (database: Database, folder: string) => Promise<Result>,
): Promise<Result> {
  const own = join(folder, 'work');
  await makeFolder(own);
  try {
    const database = await openDatabase({
      folder: own,
      memoryLimit,
      threads: threadsFor(rows),
      allow: [allow, own],
    });
    try {
      return await interruptible(database, signal, () => work(database, own));
    } finally {
      await database.close();
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** A statement may run for minutes: a step that is cancelled, or a worker that stops, must not wait for it. */
async function interruptible<Result>(
  database: Database,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const stop = (): void => void database.close();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    return await work();
  } catch (error) {
    // Otherwise the interruption would look like a fault of the database.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

interface ReadOptions extends Pick<WorkspaceOptions, 'memoryLimit' | 'rows'> {
  readonly store: StagingStore;
}

/** The same for a command, which writes nothing into the store: the database works in a temporary folder of the system. */
export async function withTemporaryWorkspace<Result>(
  { store, memoryLimit, rows }: ReadOptions,
  work: (database: Database, folder: string) => Promise<Result>,
): Promise<Result> {
  return withTemporaryFolder((folder) =>
    withWorkspace({ folder, memoryLimit, rows, allow: store.workFolder }, work),
  );
}
