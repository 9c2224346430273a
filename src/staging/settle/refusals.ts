import type { ExportRef } from '../../contract/identifiers';
import type { RefusalRow, RefusalsRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { isoText, quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { IS_LIFTABLE, isLifted, retryAt } from '../plan/permanent-refusals';
import { BASELINE_ROWS, readBaseline } from '../store/documents';
import { inExport } from '../store/layout';
import { type Lift, readLifts, recordLift } from '../store/lifts';
import { withTemporaryWorkspace } from '../store/workspace';

export interface ReadContext {
  readonly store: StagingStore;
  readonly memoryLimit: string;
}

/** Writes nothing into the store: DuckDB works in a temporary folder of the system. */
export async function readRefusals(
  context: ReadContext,
  ref: ExportRef,
  request: Omit<RefusalsRequest, 'reportedBy'>,
): Promise<readonly RefusalRow[]> {
  const { rows, document } = await requireBaseline(context, ref);
  const lifts = await readLifts(context.store, ref);
  const { limit } = request;
  return withTemporaryWorkspace({ ...context, rows: document.size }, (database) =>
    database.rows<RefusalRow>(
      `SELECT keys[1] AS key, address AS email, refused_class AS class, coalesce(refused_text, '') AS text,
         ${isoText('refused_at')} AS since, ${isoText(`coalesce(refused_until, ${retryAt(document.rejects)})`)} AS "retryAt",
         ${isLifted(lifts)} AS "isLifted"
       FROM read_parquet(${quoteText(rows)}) WHERE refused_hash IS NOT NULL ${conditionsOf(request)}
       ORDER BY key, email ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    ),
  );
}

export async function liftRefusals(
  context: ReadContext,
  ref: ExportRef,
  request: Omit<RefusalsRequest, 'limit'>,
): Promise<number> {
  const { rows, document } = await requireBaseline(context, ref);
  const { classes, key, reportedBy } = request;
  // Of those that are remembered now, an export has reported all that are as old as it is.
  const until =
    reportedBy === undefined
      ? document.settledAt
      : await settledAt(context, { ...ref, exportId: reportedBy });
  const { count } = await withTemporaryWorkspace({ ...context, rows: document.size }, (database) =>
    database.row<{ count: number }>(
      `SELECT count(*) AS count FROM read_parquet(${quoteText(rows)}) WHERE refused_hash IS NOT NULL AND ${IS_LIFTABLE} AND refused_at <= TIMESTAMP ${quoteText(until)} ${conditionsOf(request)}`,
    ),
  );
  const lift: Lift = {
    until,
    classes: classes ?? null,
    keys: key === undefined ? null : [key],
  };
  if (count > 0) await recordLift(context.store, ref, lift);
  return count;
}

/** Whether the baseline of an export remembers refusals that were lifted since. */
export async function hasLiftedRefusals(context: ReadContext, ref: ExportRef): Promise<boolean> {
  const lifts = await readLifts(context.store, ref);
  if (lifts.length === 0) return false;
  const { rows, document } = await requireBaseline(context, ref);
  const { lifted } = await withTemporaryWorkspace({ ...context, rows: document.size }, (database) =>
    database.row<{ lifted: number }>(
      `SELECT count(*) AS lifted FROM read_parquet(${quoteText(rows)}) WHERE refused_hash IS NOT NULL AND ${isLifted(lifts)}`,
    ),
  );
  return lifted > 0;
}

async function settledAt({ store }: ReadContext, ref: ExportRef): Promise<string> {
  const document = await readBaseline(store, ref);
  if (document) return document.settledAt;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The staging store has nothing of the export ${ref.exportId}: it was never settled there, or was deleted.`,
  );
}

async function requireBaseline({ store }: ReadContext, ref: ExportRef) {
  const document = await readBaseline(store, ref);
  const rows = document && (await store.localFile(inExport(ref, document.folder, BASELINE_ROWS)));
  if (document && rows) return { document, rows };
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The staging store has no baseline of the export ${ref.exportId}: the store was changed, or the destination was removed.`,
  );
}

function conditionsOf({ classes, key }: RefusalsRequest): string {
  return [
    ...(classes ? [`AND list_contains(${quoteTexts(classes)}::VARCHAR[], refused_class)`] : []),
    ...(key === undefined ? [] : [`AND list_contains(keys, ${quoteText(key)})`]),
  ].join(' ');
}
