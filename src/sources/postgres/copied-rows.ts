import type { Database } from '../../duckdb/database';
import { ExportError } from '../../errors';
import type { TextTable } from '../files/table';
import type { PostgresReading } from './reading';

/** DuckDB leaves out a row of CSV that is longer than its buffer, and does not say so. */
export function requireRows(
  what: string,
  { sent, read }: { readonly sent: number; readonly read: number },
): void {
  if (sent === read) return;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${what}: PostgreSQL sent ${sent} rows, of which ${read} could be used. A row may not be longer than 7.9 MB: leave the column out of what is exported, or shorten its values in a SELECT (sql).`,
    { details: { sent, read } },
  );
}

/** Counts the rows of members where one may be missing. @throws ExportError SOURCE_MALFORMED */
export async function checkMembers({ database, uncertain }: PostgresReading): Promise<void> {
  for (const table of uncertain) await requireAllRows(database, table);
}

/** Counts the rows that DuckDB finds in a copy. @throws ExportError SOURCE_MALFORMED */
export async function requireAllRows(database: Database, table: TextTable): Promise<void> {
  const { read } = await database.row<{ read: number }>(
    `SELECT count(*) AS read FROM (${table.select(table.columns.slice(0, 1))})`,
  );
  requireRows(table.files[0]?.name ?? 'members', { sent: table.rows ?? 0, read });
}
