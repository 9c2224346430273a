import type { UnreadableLines } from '../../ports/source';
import type { Database } from '../../duckdb/database';
import { measureBadQuotes } from './csv';
import type { DataFile } from './data-file';
import type { OpenTable } from './open-tables';
import type { UnreadableCount } from './table';

const LINES_SHOWN = 5;
const BAD_QUOTE = 'UNQUOTED VALUE';

/** Rows of one table whose key is empty. */
export interface EmptyKeys {
  readonly table: string;
  readonly column: string;
  readonly counts: readonly UnreadableCount[];
}

interface CsvError {
  readonly readable: string;
  readonly lines: number;
  readonly faults: readonly string[];
}

/**
 * What could not be used of each file, after the tables were read.
 *
 * @throws ExportError SOURCE_MALFORMED when a quote stays open to the end of a file
 */
export async function collectUnreadable(
  database: Database,
  tables: readonly OpenTable[],
  emptyKeys: EmptyKeys,
): Promise<UnreadableLines[]> {
  const byReader = await errorsOfReader(database);
  const reports = new Map<string, UnreadableLines>();
  for (const table of tables) {
    const key = table.id === emptyKeys.table ? emptyKeys.column : undefined;
    for (const file of table.files) {
      const counts = [...table.unreadable, ...(key === undefined ? [] : emptyKeys.counts)].filter(
        ({ path }) => path === file.path,
      );
      counts.push(...(await countsOf(table, file, byReader)));
      const lines = counts.reduce((sum, count) => sum + count.lines, 0);
      // A file may serve two tables: its lines are to be counted once.
      if (lines === 0 || lines <= (reports.get(file.path)?.lines ?? 0)) continue;
      const faults = new Set(counts.flatMap((count) => count.faults));
      const first = await table.locate(file, { faults, key, limit: LINES_SHOWN });
      reports.set(file.path, { file: file.name, lines, first });
    }
  }
  return [...reports.values()];
}

async function countsOf(
  { format }: OpenTable,
  file: DataFile,
  byReader: readonly CsvError[],
): Promise<UnreadableCount[]> {
  const reject = byReader.find(({ readable }) => readable === file.readable);
  if (!reject) return [];
  const badQuotes =
    format.kind === 'csv' && reject.faults.includes(BAD_QUOTE) ? await measureBadQuotes(file, format) : 0;
  return [{ path: file.path, lines: reject.lines + badQuotes, faults: reject.faults }];
}

/** From the tables that DuckDB's CSV reader keeps; they exist once it has rejected a line. */
async function errorsOfReader(database: Database): Promise<CsvError[]> {
  const { tables } = await database.row<{ tables: number }>(
    `SELECT count(*) AS tables FROM duckdb_tables() WHERE table_name IN ('reject_errors', 'reject_scans')`,
  );
  if (tables < 2) return [];
  // One line may have several faults, one for each column that it lacks. Lines with bad quotes are counted by the CSV reader.
  return database.rows<CsvError>(`
    WITH lines AS (
      SELECT file_path, scan_id, line, list(DISTINCT error_type::VARCHAR) AS faults
      FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
      GROUP BY ALL
    ), scans AS (
      SELECT file_path, scan_id, count(*) FILTER (NOT list_contains(faults, '${BAD_QUOTE}')) AS lines,
        list_distinct(flatten(list(faults))) AS faults
      FROM lines GROUP BY ALL
    )
    SELECT file_path AS readable, max(lines) AS lines, list_distinct(flatten(list(faults))) AS faults
    FROM scans GROUP BY ALL`);
}
