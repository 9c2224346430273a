import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import type { FailureRow, FailuresRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { OUTCOMES, readBaseline } from '../store/documents';
import { inExport } from '../store/layout';
import { withWorkspace } from '../store/workspace';

/** Writes nothing into the store: DuckDB works in a temporary folder of the system. */
export async function readFailures(
  { store, memoryLimit }: { store: StagingStore; memoryLimit: string },
  ref: ExportRef,
  { outcomes, limit }: FailuresRequest,
): Promise<readonly FailureRow[]> {
  const settled = await readBaseline(store, ref);
  const rows = settled && (await store.localFile(inExport(ref, settled.folder, OUTCOMES)));
  if (!rows) {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The rows of this export are not in the staging store: it has not ended yet, sent nothing, or its rows have expired.',
    );
  }
  const wanted = outcomes ?? NOT_EXPORTED_OUTCOMES;
  const folder = await mkdtemp(join(tmpdir(), 'temporal-mailchimp-'));
  try {
    const size = settled.settlement.selected;
    return await withWorkspace({ folder, memoryLimit, rows: size, allow: store.workFolder }, (database) =>
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
