import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import type { StagingStore } from '../../ports/staging-store';
import { lastClaim, readClaim } from '../delivery/claim';
import { claimedKey, inExport, REPORT } from './layout';
import { readDocument, sealDocument } from './sealed-files';

/**
 * Keeps the report of an export that has ended, beside its rows and as long as these. The first one stays. An export that never claimed its
 * destination has no place in the order, and sent nothing: its report is not kept.
 */
export async function sealReport(store: StagingStore, report: ExportReport): Promise<void> {
  if (await hasClaimed(store, report)) await sealDocument(store, inExport(report, REPORT), report);
}

async function hasClaimed(store: StagingStore, ref: ExportRef): Promise<boolean> {
  if (await store.head(claimedKey(ref))) return true;
  return (await lastClaim(store, ref.destinationId))?.exportId === ref.exportId;
}

/** The report of one export. Undefined: it is not kept, or no longer. */
export function readReport(store: StagingStore, ref: ExportRef): Promise<ExportReport | undefined> {
  return readDocument<ExportReport>(store, inExport(ref, REPORT));
}

/** After so many exports without a report, older ones have none either: reports go with the rows, the oldest first. */
export const MOST_WITHOUT = 50;

/** The kept reports of a destination, the latest export first. Read one by one: there may be tens of thousands. */
export async function* readReports(store: StagingStore, destinationId: string): AsyncGenerator<ExportReport> {
  let without = 0;
  const last = await lastClaim(store, destinationId);
  for (let number = last?.number ?? 0; number > 0 && without < MOST_WITHOUT; number--) {
    const { exportId } = await readClaim(store, destinationId, number);
    const report = await readReport(store, { destinationId, exportId });
    without = report ? 0 : without + 1;
    if (report) yield report;
  }
}
