import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../duckdb/database';
import { openDatabase } from '../../duckdb/open';
import { makeFolder } from './local-files';

interface WorkspaceOptions {
  /** The attempt's own folder. */
  readonly folder: string;
  readonly memoryLimit: string;
  /** Folder that SQL may read and write. */
  readonly allow: string;
}

/** Lends a database whose tables lie on disk, in the attempt's folder, and are gone afterwards. */
export async function withWorkspace<Result>(
  { folder, memoryLimit, allow }: WorkspaceOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const own = join(folder, 'work');
  await makeFolder(own);
  try {
    const database = await openDatabase({
      file: join(own, 'work.duckdb'),
      folder: own,
      memoryLimit,
      allow: [allow],
    });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
