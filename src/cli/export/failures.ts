import type { DestinationView } from '../../contract/destination-view';
import { kindOf, type ExportReport } from '../../contract/report';
import type { FailureRow } from '../../ports/staging';
import { ExportError, isOutage } from '../../errors';
import type { Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { count, instant } from '../../text/format';
import type { Page } from '../text/page';
import { table } from '../text/table';
import { findEnded } from './find';
import { listRows, requireOneFormat, type RowFormatOptions } from './row-format';
import { notExported } from '../text/export';

export interface FailuresOptions extends RowFormatOptions {
  readonly outcome?: readonly string[];
  readonly class?: readonly string[];
  readonly key?: string;
  readonly email?: string;
}

/** Reads the rows from the staging store, since rows never pass through Temporal. */
export async function showFailures(
  invocation: Invocation,
  which: { readonly destinationId: string; readonly numberOrId: string | undefined },
  options: FailuresOptions,
): Promise<undefined> {
  const { outcome, class: classes, key, email } = options;
  requireOneFormat(invocation, options);
  const view = await withClient(invocation, (client) => client.describe(which.destinationId)).catch(
    explainOutage,
  );
  const report = await requireRows(invocation, view, which.numberOrId);
  const later = which.numberOrId === undefined ? describeLater(view, report) : '';
  if (later !== '') invocation.terminal.err(`${later}\n`);
  const isFiltered = (outcome ?? classes ?? key ?? email) !== undefined;
  const reader = await openStoreOf(invocation, report);
  const request = {
    ...(outcome && { outcomes: outcome }),
    ...(classes && { classes }),
    ...(key !== undefined && { key }),
    ...(email !== undefined && { email }),
  };
  const { destinationId, exportId, number } = report;
  return listRows<FailureRow>(invocation, options, {
    columns: COLUMNS,
    read: (limit) => reader.readFailures(report, { ...request, ...withLimit(limit) }),
    write: (limit, file) => reader.writeFailures(report, { ...request, ...withLimit(limit) }, file),
    json: (failures) => ({ destinationId, exportId, number, failures }),
    text: (rows, limit, page) => describeFailures(report, rows, { limit, isFiltered, page }),
  });
}

function withLimit(limit: number | undefined): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}

/** The rows are in the folder, so that a reader wonders why this command asks a server. */
function explainOutage(error: unknown): never {
  if (!isOutage(error)) throw error;
  throw new ExportError(
    error.code,
    `${error.message} The rows are in the staging store, but Temporal knows which export has which number.`,
    { details: error.details, cause: error },
  );
}

/** Why the rows are not those of the last export. Empty when they are. */
function describeLater(
  { exports }: DestinationView,
  { exportId, number, destinationId }: ExportReport,
): string {
  const last = exports.find((report) => kindOf(report) === 'export');
  if (!last || last.exportId === exportId) return '';
  const code = last.failure ? ` (${last.failure.code})` : '';
  return (
    `Export ${last.number} of ${destinationId}, the last, is ${last.status}${code} and planned nothing, so it has no list. ` +
    `These are the failures of export ${number}.`
  );
}

/** The report of an export that has left rows. @throws ExportError that says why there are none */
export async function requireRows(
  invocation: Invocation,
  view: DestinationView,
  numberOrId: string | undefined,
): Promise<ExportReport> {
  const { destinationId, phase, consent } = view;
  if (phase === 'removed') {
    const when = consent?.withdrawnAt === undefined ? '' : ` ${instant(consent.withdrawnAt)}`;
    throw new ExportError(
      'DESTINATION_REMOVED',
      `The destination ${destinationId} was removed${when}, and its rows were deleted with it.`,
    );
  }
  const report = await findEnded(invocation, view, numberOrId);
  if (report.isSettled) return report;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `Export ${report.number} of ${destinationId} is ${report.status} and planned nothing, so there are no rows. ` +
      `To see why: temporal-mailchimp export show ${destinationId} ${report.number}`,
  );
}

const COLUMNS = [
  'outcome',
  'reason',
  'attribute',
  'key',
  'email',
  'text',
  'since',
] as const satisfies readonly (keyof FailureRow)[];

interface ShownFailures {
  readonly limit: number | undefined;
  readonly isFiltered: boolean;
  readonly page: Page;
}

function describeFailures(
  report: ExportReport,
  rows: readonly FailureRow[],
  { limit, isFiltered, page }: ShownFailures,
): string {
  const { number, destinationId } = report;
  if (rows.length === 0)
    return `Export ${number} of ${destinationId} has no failures${isFiltered ? ' that match' : ''}.`;
  const shown = table(
    ['OUTCOME', 'REASON', { optional: 'ATTRIBUTE' }, 'KEY', 'EMAIL', 'TEXT', { optional: 'REFUSED SINCE' }],
    rows.map((row) => COLUMNS.map((column) => row[column])),
    page,
  );
  if (rows.length !== limit || notExported(report) === rows.length) return shown;
  if (isFiltered)
    return `${shown}\n\nThe first ${count(rows.length)} that match. For more, pass --limit N; for all, --csv.`;
  return `${shown}\n\nThe first ${count(rows.length)} of ${count(notExported(report))}. For more, pass --limit N; for all, --csv.`;
}
