import type { WarnedValue } from '../../ports/staging';
import { jobTitle } from '../../text/describe-export';
import type { Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { table } from '../text/table';
import { withLimit } from '../text/table-limit';
import { findReported } from './find';
import { listRows, requireOneFormat, type RowFormatOptions } from './row-format';

export const LISTED_KINDS = [
  'omitted',
  'kept',
  'cut',
  'unread',
  'unclear',
] as const satisfies readonly WarnedValue['kind'][];

export interface WarningsOptions extends RowFormatOptions {
  readonly kind?: readonly WarnedValue['kind'][];
  readonly field?: string;
  readonly key?: string;
}

const COLUMNS = ['kind', 'field', 'attribute', 'key', 'email', 'value'] as const;

/** Lists whose values an export, or a plan, left out, cut or could not read. Rows come from the staging store. */
export async function showWarnings(
  invocation: Invocation,
  { destinationId, numberOrId }: { readonly destinationId: string; readonly numberOrId: string | undefined },
  options: WarningsOptions,
): Promise<undefined> {
  const { kind, field, key } = options;
  requireOneFormat(invocation, options);
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const found = await findReported(invocation, view, numberOrId);
  const reader = await openStoreOf(invocation, found.report);
  const request = {
    ...(kind && { kinds: kind }),
    ...(field !== undefined && { field }),
    ...(key !== undefined && { key }),
  };
  const limited = (limit: number | undefined) => ({ ...request, ...(limit !== undefined && { limit }) });
  const { exportId, number } = found;
  return listRows<WarnedValue>(invocation, options, {
    columns: COLUMNS,
    read: (limit) => reader.readWarnings(found.report, limited(limit)),
    write: (limit, file) => reader.writeWarnings(found.report, limited(limit), file),
    json: (warnings) => ({ destinationId, exportId, number, warnings }),
    text: (rows, limit, page) => {
      if (rows.length === 0) return `${jobTitle(found)} of ${destinationId} has no warning that matches.`;
      const cells = rows.map((row) => COLUMNS.map((column) => row[column]));
      return withLimit(
        table(['KIND', 'FIELD', 'ATTRIBUTE', 'KEY', 'EMAIL', 'VALUE'], cells, page),
        rows,
        limit,
      );
    },
  });
}
