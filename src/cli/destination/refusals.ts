import type { DestinationView } from '../../contract/destination-view';
import type { RefusalRow, RefusalsRequest } from '../../ports/staging';
import { ExportError } from '../../errors';
import { countOf, instant } from '../../text/format';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { toCsv } from '../text/csv';
import type { Page } from '../text/page';
import { table } from '../text/table';
import { TABLE_LIMIT, withLimit } from '../text/table-limit';

export interface RefusalsOptions {
  readonly class?: readonly string[];
  readonly key?: string;
  readonly limit?: number;
  readonly csv?: boolean;
  readonly lift?: boolean;
  readonly yes?: boolean;
}

const NEEDS_YES = 'refusals --lift needs --yes';

/** Lists or lifts the refusals that the baseline remembers. Rows come from the staging store, since they never pass through Temporal. */
export async function showRefusals(
  invocation: Invocation,
  destinationId: string,
  options: RefusalsOptions,
): Promise<number | undefined> {
  if (options.csv && (options.lift || invocation.options.json))
    invocation.usageError(`--csv and --${options.lift ? 'lift' : 'json'} exclude each other`);
  if (options.lift && !options.yes) requireTerminal(invocation, NEEDS_YES);
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const { baseline, storeId } = requireConnected(view);
  // Before the first export nothing is remembered, and the store may have no rows yet.
  if (!baseline) {
    printRefusals(invocation, { destinationId, rows: [], limit: undefined }, options);
    return undefined;
  }
  const reader = await openStoreOf(invocation, { destinationId, storeId });
  const ref = { destinationId, exportId: baseline.exportId };
  const request = requestOf(options);
  if (!options.lift) {
    const limit = options.limit ?? (options.csv || invocation.options.json ? undefined : TABLE_LIMIT);
    const rows = await reader.readRefusals(ref, { ...request, ...(limit !== undefined && { limit }) });
    printRefusals(invocation, { destinationId, rows, limit }, options);
    return undefined;
  }
  const question = questionOf(destinationId, options);
  if (!(await isConfirmed(invocation, { yes: options.yes, needs: NEEDS_YES }, question)))
    return nothingChanged(invocation);
  const lifted = await reader.liftRefusals(ref, request);
  print(invocation, {
    json: { destinationId, lifted },
    text: () =>
      lifted === 0
        ? `${destinationId} remembers no refusal that can be lifted${options.class || options.key !== undefined ? ' and matches' : ''}.`
        : `Lifted ${countOf(lifted, 'refusal')}. The next export sends these contacts again: temporal-mailchimp export start ${destinationId}`,
  });
  return undefined;
}

function requestOf({ class: classes, key }: RefusalsOptions): Omit<RefusalsRequest, 'limit'> {
  return { ...(classes && { classes }), ...(key !== undefined && { key }) };
}

function requireConnected(view: DestinationView): DestinationView {
  if (view.phase !== 'removed') return view;
  throw new ExportError(
    'DESTINATION_REMOVED',
    `The destination ${view.destinationId} was removed, and its rows were deleted with it.`,
  );
}

function questionOf(destinationId: string, { class: classes, key }: RefusalsOptions): string {
  const which =
    (classes ? ` of class ${classes.join(', ')}` : '') + (key === undefined ? '' : ' of this profile');
  return `Lift the refusals${which || ' of all contacts'} that ${destinationId} remembers, so that the next export sends them again?`;
}

const COLUMNS = ['class', 'key', 'email', 'since', 'retryAt', 'isLifted', 'text'] as const;

interface Shown {
  readonly destinationId: string;
  readonly rows: readonly RefusalRow[];
  readonly limit: number | undefined;
}

function printRefusals(
  invocation: Invocation,
  { destinationId, rows, limit }: Shown,
  { csv }: RefusalsOptions,
): void {
  if (csv) {
    const cells = rows.map((row) =>
      COLUMNS.map((column) => (column === 'isLifted' ? String(row.isLifted) : row[column])),
    );
    return invocation.terminal.out(toCsv(COLUMNS, cells));
  }
  return print(invocation, {
    json: { destinationId, refusals: rows },
    text: (page) => describeRefusals({ destinationId, rows, limit }, page),
  });
}

function describeRefusals({ destinationId, rows, limit }: Shown, page: Page): string {
  if (rows.length === 0) return `${destinationId} remembers no refusal that matches.`;
  const shown = table(
    ['CLASS', 'KEY', 'EMAIL', { optional: 'REFUSED' }, 'SENT AGAIN', "MAILCHIMP'S TEXT"],
    rows.map((row) => [row.class, row.key, row.email, instant(row.since), whenSentAgain(row), row.text]),
    page,
  );
  return withLimit(shown, rows, limit);
}

function whenSentAgain({ isLifted, retryAt }: RefusalRow): string {
  if (isLifted) return 'by the next export';
  return retryAt === null ? 'when it changes' : `from ${instant(retryAt)}, or when it changes`;
}
