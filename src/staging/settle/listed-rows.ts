import { chmod, copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { withTemporaryWorkspace } from '../store/workspace';
import { randomName } from '../store/local-files';
import type { ReadContext } from './refusals';

/** Rows that a command lists. Nothing is written into the store: DuckDB works in a temporary folder of the system. */
export interface FoundRows {
  readonly query: string;
  /** About as many rows as are read. */
  readonly size: number;
}

export function readRows<Row extends object>(
  context: ReadContext,
  { query, size }: FoundRows,
): Promise<readonly Row[]> {
  return withTemporaryWorkspace({ ...context, rows: size }, (database) => database.rows<Row>(query));
}

/** Writes the rows into a Parquet file, however many there are. Returns their number. @throws ExportError INPUT_INVALID */
export function writeRows(context: ReadContext, { query, size }: FoundRows, file: string): Promise<number> {
  return withTemporaryWorkspace({ ...context, rows: size }, async (database, folder) => {
    const made = join(folder, 'rows.parquet');
    await database.run(`COPY (${query}) TO ${quoteText(made)} (FORMAT parquet, COMPRESSION zstd)`);
    const { count } = await database.row<{ count: number }>(
      `SELECT count(*) AS count FROM read_parquet(${quoteText(made)})`,
    );
    await replaceFile(made, file);
    return count;
  });
}

/** Rows are people: the file is only its owner's. */
async function replaceFile(made: string, file: string): Promise<void> {
  const beside = `${file}.${randomName()}`;
  try {
    await copyFile(made, beside);
    await chmod(beside, 0o600);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new ExportError(
      'INPUT_INVALID',
      `The rows cannot be written to ${file} (${code}). Name a file in a folder that exists and that this user may write to.`,
      { cause: error },
    );
  }
}
