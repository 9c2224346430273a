import type { CompactDestinationView } from '../contract/destination-view';
import type { ExportRef } from '../contract/identifiers';
import type { ExportReport } from '../contract/report';
import { ExportError } from '../errors';
import { withDestination } from './rules/with-destination';

/** The report of an export, or of the one that replaced it; null while it has not ended. @throws ExportError EXPORT_NOT_FOUND */
export function createFindReport() {
  return function findReport({ destinationId, exportId }: ExportRef): Promise<ExportReport | null> {
    return withDestination(destinationId, (_, view) => Promise.resolve(reportIn(view, exportId)));
  };
}

function reportIn(view: CompactDestinationView, exportId: string): ExportReport | null {
  const report = view.exports.find((one) => one.exportId === exportId);
  if (report?.next) return reportIn(view, report.next.exportId);
  if (report) return report;
  if ([view.running, ...view.queued].some((one) => one?.exportId === exportId)) return null;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The export ${exportId} of ${view.destinationId} has ended, and its report is no longer kept.`,
  );
}
