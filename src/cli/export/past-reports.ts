import type { DestinationView } from '../../contract/destination-view';
import { kindOf, type ExportReport } from '../../contract/report';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';

/**
 * All reports of a destination that are kept, newest first: the last ones, which the destination has, then those of the store. The store is
 * opened when the first of them is asked for, and read no further than it is asked.
 * @throws ExportError STAGING_NOT_REACHABLE
 */
export async function* allReports(
  invocation: Invocation,
  view: DestinationView,
): AsyncGenerator<ExportReport> {
  yield* view.exports;
  if (view.storeId === '') return;
  const reader = await openStoreOf(invocation, view);
  const kept = new Set(view.exports.map(({ exportId }) => exportId));
  for await (const report of reader.readReports(view.destinationId))
    if (!kept.has(report.exportId)) yield report;
}

/**
 * The report of an export that the destination no longer keeps; undefined where there can be none.
 * @throws ExportError EXPORT_NOT_FOUND where it has expired, or the store cannot be read here
 */
export async function findPastReport(
  invocation: Invocation,
  view: DestinationView,
  numberOrId: string,
): Promise<ExportReport | undefined> {
  const { destinationId, exports, storeId } = view;
  const number = /^\d+$/.test(numberOrId) ? Number(numberOrId) : undefined;
  if (storeId === '' || (number === undefined ? !isId(numberOrId) : !isEarlier(number, exports)))
    return undefined;
  const reader = await openStoreOf(invocation, view).catch((error: unknown) => {
    if (!(error instanceof ExportError)) throw error;
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      `The destination ${destinationId} no longer keeps export ${numberOrId}, and its staging store cannot be read here. ${error.message}`,
      { cause: error },
    );
  });
  const found =
    number === undefined
      ? await reader.readReport({ destinationId, exportId: numberOrId })
      : await reader.findReport(destinationId, { number, since: sinceOf(view) });
  if (found || number === undefined) return found;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The destination ${destinationId} has no report of export ${number} any longer: it has expired with the rows of that export, or there was none. ` +
      `Those that are kept: temporal-mailchimp export list ${destinationId} --all`,
  );
}

/** No later than the first export: the first agreement that the destination knows. One that was lost, and is connected again, knows no earlier one. */
function sinceOf({ consentHistory = [] }: DestinationView): string | undefined {
  return consentHistory.at(-1)?.at;
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text);
}

/** Whether the destination may have had the export before those that it keeps. */
function isEarlier(number: number, exports: readonly ExportReport[]): boolean {
  const numbers = exports.flatMap((report) => (kindOf(report) === 'export' ? report.number : []));
  return number > 0 && numbers.length > 0 && number < Math.max(...numbers);
}

/**
 * The report as it was when the export ended: of those that a destination keeps, older ones are shortened. The same report where the store has
 * no other, or cannot be read here.
 */
export async function wholeReport(invocation: Invocation, report: ExportReport): Promise<ExportReport> {
  if (kindOf(report) !== 'export') return report;
  try {
    return (await (await openStoreOf(invocation, report)).readReport(report)) ?? report;
  } catch (error) {
    if (error instanceof ExportError) return report;
    throw error;
  }
}

/** The report of the export before; undefined where none is kept that can be read here. */
export async function reportBefore(
  invocation: Invocation,
  view: DestinationView,
  report: ExportReport,
): Promise<ExportReport | undefined> {
  let isPassed = false;
  try {
    for await (const one of allReports(invocation, view)) {
      if (isPassed && kindOf(one) === 'export' && one.isSettled) return one;
      if (one.exportId === report.exportId) isPassed = true;
    }
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
  }
  return undefined;
}
