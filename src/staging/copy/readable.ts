import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Database } from '../../duckdb/database';
import { DatabaseError } from '../../duckdb/database-error';
import { openDatabase } from '../../duckdb/open';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { makeFolder, randomName } from '../store/local-files';
import { scratchOf } from '../store/layout';

/** Reads objects to their end: a folder keeps no hash, so a file that was cut or changed shows by what it contains. */
export interface Readability {
  requireJson(key: string, text: string): void;
  /** @param file local, below the working folder of the copy */
  requireRows(key: string, file: string): Promise<void>;
  close(): Promise<void>;
}

/** @throws ExportError STAGING_CORRUPT, by its methods */
export function readability(to: StagingStore, memoryLimit: string): Readability {
  const folder = join(scratchOf(to), `put-${randomName()}`);
  let database: Promise<Database> | undefined;
  const open = async (): Promise<Database> => {
    await makeFolder(folder);
    return openDatabase({ folder, memoryLimit, threads: 1, allow: [to.workFolder] });
  };
  return {
    requireJson,
    requireRows: async (key, file) =>
      key.endsWith('.parquet')
        ? requireParquet(key, file, await (database ??= open()))
        : requireLines(key, file),
    close: async () => {
      await (await database?.catch(() => undefined))?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function requireJson(key: string, text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw damaged(key);
  }
}

async function requireLines(key: string, file: string): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
    requireJson(key, line);
}

/** The hash of each row, since a count of rows reads the end of the file only. */
async function requireParquet(key: string, file: string, database: Database): Promise<void> {
  try {
    await database.row(
      `SELECT bit_xor(hash(found))::VARCHAR AS all_rows FROM read_parquet(${quoteText(file)}) found`,
    );
  } catch (error) {
    if (error instanceof DatabaseError) throw damaged(key);
    throw error;
  }
}

function damaged(key: string): ExportError {
  return new ExportError(
    'STAGING_CORRUPT',
    `The copy has stopped: ${key} in the staging store cannot be read, so it was changed or cut after it was written. The store stays as it was. Restore the file from a backup, then repeat the command.`,
  );
}
