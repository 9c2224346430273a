import { REPAIRED_CLASSES } from '../../contract/drift';
import type { ExportRef } from '../../contract/identifiers';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { checkedName, DRIFT, inExport, repairsFolder } from '../store/layout';
import type { Sealed } from '../store/run-once';
import { listObjects, readDocument, sealDocument } from '../store/sealed-files';
import { DRIFT_ROWS } from './documents';

/** A verification whose contacts the next export sends again. It lies in the store until an export is settled that has done so. */
export interface Repair {
  readonly key: string;
  /** Path of the contacts that differ. */
  readonly rows: string;
}

export async function recordRepair(
  store: StagingStore,
  { destinationId, exportId }: ExportRef,
): Promise<void> {
  const key = `${repairsFolder(destinationId)}${checkedName(exportId)}.json`;
  await sealDocument(store, key, { exportId });
}

/** Without those whose rows have expired. */
export async function listRepairs(
  store: StagingStore,
  { destinationId }: Pick<ExportRef, 'destinationId'>,
): Promise<readonly Repair[]> {
  const folder = repairsFolder(destinationId);
  const found: Repair[] = [];
  for (const name of await listObjects(store, folder)) {
    const of = await readDocument<{ readonly exportId: string }>(store, folder + name);
    const ref = of && { destinationId, exportId: of.exportId };
    const sealed = ref && (await readDocument<Sealed>(store, inExport(ref, DRIFT)));
    const rows = sealed && (await store.localFile(inExport(ref, sealed.folder, DRIFT_ROWS)));
    if (rows) found.push({ key: folder + name, rows });
  }
  return found;
}

export async function hasRepairs(
  store: StagingStore,
  { destinationId }: Pick<ExportRef, 'destinationId'>,
): Promise<boolean> {
  return (await listObjects(store, repairsFolder(destinationId))).length > 0;
}

/** SQL: the contacts that are sent again, each at most once. None that was deleted or archived, or that has opted out. */
export function repairedIn({ rows }: Repair): string {
  return `SELECT DISTINCT address FROM read_parquet(${quoteText(rows)}) WHERE list_contains(${quoteTexts(REPAIRED_CLASSES)}, class)`;
}
