import { DuckDBInstance } from '@duckdb/node-api';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Database, SerialDatabase } from './database';
import { translateError } from './database-error';
import { quoteText, quoteTexts } from './quote';

export interface OpenOptions {
  /** Spilled memory, which contains rows, goes to `<folder>/tmp`, which is created with mode 0700 if absent. */
  readonly folder: string;
  /**
   * Memory of the buffer manager, e.g. `256MB`. The process needs 250 to 300 MB beyond it.
   */
  readonly memoryLimit: string;
  /** `threadsFor` returns the number that pays off. @default 2 */
  readonly threads?: number;
  /** Folders that SQL may read and write, with all below them. */
  readonly allow: readonly string[];
  /** Single files that SQL may read and write besides. */
  readonly files?: readonly string[];
}

/** Up to so many rows, dividing the work costs about what a second thread saves, and a quarter more processor time. */
const ROWS_OF_ONE_THREAD = 100_000;

/** Threads for an input of that many rows, all tables of a step together. */
export function threadsFor(rows: number): number {
  return rows <= ROWS_OF_ONE_THREAD ? 1 : 2;
}

/**
 * Opens a DuckDB in memory that reaches nothing but the named folders, the named files and its spill folder: no network, no extensions,
 * no settings changed later. Rows have no order (`preserve_insertion_order` is off): ORDER BY wherever order matters.
 *
 * @throws ExportError DISK_FULL
 * @throws DatabaseError for anything else
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const spill = join(resolve(options.folder), 'tmp');
  await mkdir(spill, { recursive: true, mode: 0o700 });
  try {
    return await openLocked(options, spill);
  } catch (error) {
    throw translateError(error);
  }
}

async function openLocked(options: OpenOptions, spill: string): Promise<Database> {
  const instance = await takeInstance();
  try {
    const connection = await instance.connect();
    await connection.run(settings(options, spill));
    return new SerialDatabase(instance, connection);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

function settings({ threads = 2, memoryLimit, allow, files = [] }: OpenOptions, spill: string): string {
  return [
    `SET threads = ${threads}`,
    `SET memory_limit = ${quoteText(memoryLimit)}`,
    // Unset, DuckDB spills into the current folder.
    `SET temp_directory = ${quoteText(spill)}`,
    // So that "today" in a query is the same day on every machine.
    "SET TimeZone = 'UTC'",
    // In this order: nothing can be allowed once external access is off, and nothing set once the configuration is locked.
    `SET allowed_directories = ${quoteTexts(allow.map((path) => resolve(path)))}`,
    `SET allowed_paths = ${quoteTexts(files.map((path) => resolve(path)))}`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ].join(';');
}

/** Made ahead for the next opening: loading DuckDB's functions takes 10 ms, and a small export opens five databases. */
let prepared: Promise<DuckDBInstance | undefined> | undefined;

/** An instance that nothing has used yet, so that what one opening leaves never meets another. */
async function takeInstance(): Promise<DuckDBInstance> {
  const ready = prepared;
  prepared = undefined;
  const taken = (await ready) ?? (await createInstance());
  // If it cannot be made, opening the database fails with the reason.
  prepared ??= createInstance().catch(() => undefined);
  return taken;
}

function createInstance(): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    threads: '1',
    preserve_insertion_order: 'false',
    // Left to itself, DuckDB keeps up to 512 MB of what it has freed, over and above its memory limit. A lower threshold makes a small export a tenth slower.
    allocator_bulk_deallocation_flush_threshold: '16MB',
    // Files are read once or twice, and the system keeps them anyway.
    enable_external_file_cache: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}
