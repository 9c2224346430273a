import { count } from '../../text/format';

/** Only a table has a limit: programs read CSV and JSON and need every row. */
export const TABLE_LIMIT = 100;

/** A table with as many rows as its limit says how to get more. */
export function withLimit(shown: string, rows: readonly unknown[], limit: number | undefined): string {
  return rows.length === limit
    ? `${shown}\n\nThe first ${count(rows.length)}. For more, pass --limit N; for all, --csv.`
    : shown;
}
