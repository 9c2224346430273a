import type { ExportRef } from '../../contract/identifiers';
import type { WarnedValue, WarningsRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { readPlan, WARNINGS } from '../store/documents';
import { inExport } from '../store/layout';
import { withTemporaryWorkspace } from '../store/workspace';

/** Writes nothing into the store: DuckDB works in a temporary folder of the system. */
export async function readWarnings(
  { store, memoryLimit }: { store: StagingStore; memoryLimit: string },
  ref: ExportRef,
  { kinds, field, key, limit }: WarningsRequest,
): Promise<readonly WarnedValue[]> {
  const plan = await readPlan(store, ref);
  const rows = plan && (await store.localFile(inExport(ref, plan.folder, WARNINGS)));
  if (!plan || !rows) {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The staging store has no list of values of this export: it planned nothing, its rows have expired, or it was made by a version before 0.4.0.',
    );
  }
  return withTemporaryWorkspace({ store, memoryLimit, rows: plan.plan.selected }, (database) =>
    database.rows<WarnedValue>(
      `SELECT key, email, kind, attribute, field, value FROM read_parquet(${quoteText(rows)})
       WHERE true
         ${kinds ? `AND list_contains(${quoteTexts(kinds)}::VARCHAR[], kind)` : ''}
         ${field === undefined ? '' : `AND field = ${quoteText(field)}`}
         ${key === undefined ? '' : `AND key = ${quoteText(key)}`}
       ORDER BY key, field, kind ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    ),
  );
}
