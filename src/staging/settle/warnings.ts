import type { ExportRef } from '../../contract/identifiers';
import type { WarnedValue, WarningsRequest } from '../../ports/staging';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { readPlan, WARNINGS } from '../store/documents';
import { inExport } from '../store/layout';
import { type FoundRows, readRows, writeRows } from './listed-rows';
import type { ReadContext } from './refusals';

export async function readWarnings(
  context: ReadContext,
  ref: ExportRef,
  request: WarningsRequest,
): Promise<readonly WarnedValue[]> {
  return readRows(context, await findWarnings(context, ref, request));
}

export async function writeWarnings(
  context: ReadContext,
  ref: ExportRef,
  { file, ...request }: WarningsRequest & { readonly file: string },
): Promise<number> {
  return writeRows(context, await findWarnings(context, ref, request), file);
}

async function findWarnings(
  { store }: ReadContext,
  ref: ExportRef,
  { kinds, field, key, limit }: WarningsRequest,
): Promise<FoundRows> {
  const plan = await readPlan(store, ref);
  const rows = plan && (await store.localFile(inExport(ref, plan.folder, WARNINGS)));
  if (!plan || !rows) {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The staging store has no list of values of this export: it planned nothing, its rows have expired, or it was made by a version before 0.4.0.',
    );
  }
  return {
    query: `SELECT key, email, kind, attribute, field, value FROM read_parquet(${quoteText(rows)})
      WHERE true
        ${kinds ? `AND list_contains(${quoteTexts(kinds)}::VARCHAR[], kind)` : ''}
        ${field === undefined ? '' : `AND field = ${quoteText(field)}`}
        ${key === undefined ? '' : `AND key = ${quoteText(key)}`}
      ORDER BY key, field, kind ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    size: plan.plan.selected,
  };
}
