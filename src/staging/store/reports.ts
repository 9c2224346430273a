import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import type { StagingStore } from '../../ports/staging-store';
import { lastClaim } from '../delivery/claim';
import { claimsOf, type Series } from '../delivery/claim-series';
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

/** After so many jobs of a series without a report, older ones have none either: reports go with the rows, the oldest first. */
export const MOST_WITHOUT = 50;

interface Kept {
  /** Of the claim. */
  readonly number: number;
  readonly report: ExportReport;
}

/** The kept reports of a destination, of all its jobs, the latest first. Read one by one: there may be tens of thousands. */
export async function* readReports(store: StagingStore, destinationId: string): AsyncGenerator<ExportReport> {
  const last = await lastClaim(store, destinationId);
  if (!last) return;
  const kept = (series: Series) => keptReports(store, destinationId, { series, last });
  const [exports, others] = [kept('exports'), kept('others')];
  let [one, other] = [await nextOf(exports), await nextOf(others)];
  while (one ?? other) {
    if (one && (!other || one.number > other.number)) {
      yield one.report;
      one = await nextOf(exports);
    } else if (other) {
      yield other.report;
      other = await nextOf(others);
    }
  }
}

async function nextOf(reports: AsyncGenerator<Kept>): Promise<Kept | undefined> {
  const next = await reports.next();
  return next.done ? undefined : next.value;
}

async function* keptReports(
  store: StagingStore,
  destinationId: string,
  claims: Parameters<typeof claimsOf>[2],
): AsyncGenerator<Kept> {
  let without = 0;
  for await (const { number, exportId } of claimsOf(store, destinationId, claims)) {
    const report = await readReport(store, { destinationId, exportId });
    without = report ? 0 : without + 1;
    if (report) yield { number, report };
    if (without === MOST_WITHOUT) return;
  }
}
