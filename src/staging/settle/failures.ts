import { rm } from 'node:fs/promises';
import type { ExportRef } from '../../contract/identifiers';
import { OUTCOMES as ALL_OUTCOMES } from '../../contract/outcome';
import type { FailureRow, FailuresRequest } from '../../ports/staging';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { openAttempt } from '../store/run-once';
import { type BaselineDocument, OUTCOMES } from '../store/documents';
import { BASELINE, type Layout } from '../store/layout';
import { isThere, readDocument } from '../store/atomic-files';
import { withWorkspace } from '../store/workspace';

const EXPORTED: readonly string[] = ['created', 'updated', 'unchanged', 'removed'];

export async function readFailures(
  { layout, memoryLimit }: { layout: Layout; memoryLimit: string },
  ref: ExportRef,
  { outcomes, limit }: FailuresRequest,
): Promise<readonly FailureRow[]> {
  const settled = await readDocument<BaselineDocument>(layout.inExport(ref, BASELINE));
  const rows = settled && layout.inExport(ref, settled.folder, OUTCOMES);
  if (!rows || !(await isThere(rows))) {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The rows of this export are not in the staging folder: it has not ended yet, sent nothing, or its rows have expired.',
    );
  }
  const wanted = outcomes ?? ALL_OUTCOMES.filter((outcome) => !EXPORTED.includes(outcome));
  const folder = await openAttempt(layout, ref, 'failures');
  try {
    return await withWorkspace(
      { folder, memoryLimit, rows: settled.settlement.selected, allow: layout.export(ref) },
      (database) =>
        database.rows<FailureRow>(
          `SELECT key, email, outcome, coalesce(reason, '') AS reason, text
         FROM read_parquet(${quoteText(rows)})
         WHERE list_contains(${quoteTexts(wanted)}::VARCHAR[], outcome)
         ORDER BY key, email ${limit === undefined ? '' : `LIMIT ${limit}`}`,
        ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
