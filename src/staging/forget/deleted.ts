import type { ExportRef } from '../../contract/identifiers';
import { quoteText } from '../../duckdb/quote';
import { DELETED } from '../plan/permanent-refusals';
import type { ReadContext } from '../settle/refusals';
import { BASELINE_ROWS, readBaseline } from '../store/documents';
import { stageForgetOnce } from '../store/forgets';
import { inExport } from '../store/layout';
import { withTemporaryWorkspace } from '../store/workspace';

/** More are left to the next export: each value of the store is compared with each address. */
const MOST = 50;

/**
 * Leaves a request to forget the contacts of a baseline that Mailchimp says are permanently deleted. Its id is that of the export, so a repeated call
 * leaves no second one.
 */
export async function stageDeleted(context: ReadContext, ref: ExportRef): Promise<string | undefined> {
  const { store } = context;
  const baseline = await readBaseline(store, ref);
  const rows = baseline && (await store.localFile(inExport(ref, baseline.folder, BASELINE_ROWS)));
  if (rows === undefined) return undefined;
  const found = await withTemporaryWorkspace({ ...context, rows: 0 }, (database) =>
    database.rows<{ address: string }>(
      `SELECT address FROM read_parquet(${quoteText(rows)}) WHERE refused_class IN (${DELETED}) ORDER BY address LIMIT ${MOST}`,
    ),
  );
  if (found.length === 0) return undefined;
  const request = {
    person: { emails: found.map(({ address }) => address) },
    mailchimp: 'keep',
    keepOut: 'deleted',
    by: 'Mailchimp',
  } as const;
  const { destinationId, exportId: id } = ref;
  return (await stageForgetOnce(store, { destinationId, id }, request)) ? id : undefined;
}
