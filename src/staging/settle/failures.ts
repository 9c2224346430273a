import type { ExportRef } from '../../contract/identifiers';
import { SAME_ADDRESS } from '../../contract/failure-reasons';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import type { RowClass } from '../../contract/row-class';
import type { FailureRow, FailuresRequest } from '../../ports/staging';
import { isoText, quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { OUTCOMES, readBaseline } from '../store/documents';
import { inExport } from '../store/layout';
import { type FoundRows, readRows, writeRows } from './listed-rows';
import type { ReadContext } from './refusals';
import { withSince } from './row-results';

/** Exported, but not as it should be: these contacts are listed with the failures. */
const RESUBSCRIBED: RowClass = 'resubscribed';

const IS_DUPLICATE = "outcome = 'duplicate'";

export async function readFailures(
  context: ReadContext,
  ref: ExportRef,
  request: FailuresRequest,
): Promise<readonly FailureRow[]> {
  return readRows(context, await findFailures(context, ref, request));
}

export async function writeFailures(
  context: ReadContext,
  ref: ExportRef,
  { file, ...request }: FailuresRequest & { readonly file: string },
): Promise<number> {
  return writeRows(context, await findFailures(context, ref, request), file);
}

async function findFailures(
  { store }: ReadContext,
  ref: ExportRef,
  request: FailuresRequest,
): Promise<FoundRows> {
  const { key, email, classes, limit } = request;
  const settled = await readBaseline(store, ref);
  if (!settled)
    throw notFound(
      'The staging store has no rows of this export: it was never settled there, or was deleted.',
    );
  const rows = await store.localFile(inExport(ref, settled.folder, OUTCOMES));
  if (!rows)
    throw notFound(
      `The rows of this export have expired: it ended ${settled.settledAt}, and rows are kept for staging.keepDays.`,
    );
  // The rows have the winner's key as the reason of a duplicate.
  const query = `SELECT key, email, outcome, CASE WHEN ${IS_DUPLICATE} THEN '${SAME_ADDRESS}' ELSE coalesce(reason, '') END AS reason, attribute,
      CASE WHEN ${IS_DUPLICATE} THEN 'The profile ' || reason || ' has the same address and is used.' ELSE text END AS text,
      CASE WHEN ${IS_DUPLICATE} THEN reason END AS winner, ${isoText('since')} AS since
    FROM (${withSince(rows)})
    WHERE ${wantedRows(request)}
      ${key === undefined ? '' : `AND key = ${quoteText(key)}`}
      ${email === undefined ? '' : `AND lower(trim(email)) = ${quoteText(email.trim().toLowerCase())}`}`;
  return {
    query: `SELECT * FROM (${query}) ${classes ? `WHERE list_contains(${quoteTexts(classes)}::VARCHAR[], reason)` : ''}
      ORDER BY key, email ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    size: settled.settlement.selected,
  };
}

function among(outcomes: readonly string[]): string {
  return `list_contains(${quoteTexts(outcomes)}::VARCHAR[], outcome)`;
}

/** SQL: without a choice, what was not exported, and what was resubscribed. */
function wantedRows({ outcomes, reason }: FailuresRequest): string {
  if (reason !== undefined) return `reason = ${quoteText(reason)}`;
  if (outcomes) return among(outcomes);
  return `(${among(NOT_EXPORTED_OUTCOMES)} OR reason = ${quoteText(RESUBSCRIBED)})`;
}

function notFound(message: string): ExportError {
  return new ExportError('EXPORT_NOT_FOUND', message);
}
