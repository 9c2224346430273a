import type { WarnedValue } from '../../ports/staging';
import { jobTitle } from '../../text/describe-export';
import { count } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { toCsv } from '../text/csv';
import { table } from '../text/table';
import { findReported } from './find';

export const LISTED_KINDS = [
  'omitted',
  'kept',
  'cut',
  'unread',
] as const satisfies readonly WarnedValue['kind'][];

export interface WarningsOptions {
  readonly csv?: boolean;
  readonly kind?: readonly WarnedValue['kind'][];
  readonly field?: string;
  readonly key?: string;
  readonly limit?: number;
}

/** Only the table has a limit: programs read CSV and JSON and need every row. */
const TABLE_LIMIT = 100;

const COLUMNS = ['kind', 'field', 'attribute', 'key', 'email', 'value'] as const;

/** Lists whose values an export, or a plan, left out, cut or could not read. Rows come from the staging store. */
export async function showWarnings(
  invocation: Invocation,
  { destinationId, numberOrId }: { readonly destinationId: string; readonly numberOrId: string | undefined },
  { csv, kind, field, key, limit }: WarningsOptions,
): Promise<undefined> {
  const isTable = !csv && !invocation.options.json;
  if (csv && invocation.options.json) invocation.usageError('--csv and --json exclude each other');
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const found = findReported(view, numberOrId);
  const reader = await openStoreOf(invocation, found.report);
  const maxRows = limit ?? (isTable ? TABLE_LIMIT : undefined);
  const rows = await reader.readWarnings(found.report, {
    ...(kind && { kinds: kind }),
    ...(field !== undefined && { field }),
    ...(key !== undefined && { key }),
    ...(maxRows !== undefined && { limit: maxRows }),
  });
  const cells = rows.map((row) => COLUMNS.map((column) => row[column]));
  if (csv) {
    invocation.terminal.out(toCsv(COLUMNS, cells));
    return;
  }
  const { exportId, number } = found;
  print(invocation, {
    json: { destinationId, exportId, number, warnings: rows },
    text: (page) => {
      if (rows.length === 0) return `${jobTitle(found)} of ${destinationId} has no warning that matches.`;
      const shown = table(['KIND', 'FIELD', 'ATTRIBUTE', 'KEY', 'EMAIL', 'VALUE'], cells, page);
      return rows.length === maxRows
        ? `${shown}\n\nThe first ${count(rows.length)}. For more, pass --limit N; for all, --csv.`
        : shown;
    },
  });
}
