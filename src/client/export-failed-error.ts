import { whyIncomplete } from '../contract/incomplete-export';
import type { ExportReport } from '../contract/report';
import { ExportError } from '../errors';

/**
 * Thrown by `result()` for an export that did not complete. `code` and `message` say why:
 * - that of the report's `failure`, if the export failed;
 * - EXPORT_CANCELLED, if it was cancelled, or its destination was removed;
 * - EXPORT_DENIED or EXPORT_EXPIRED, if it was held, and was denied or not approved within a day. Nothing was sent then.
 *
 * What Mailchimp had acknowledged before stays, and is counted in `report`; the next export continues from there.
 */
export class ExportFailedError extends ExportError {
  /** The report of the export: one outcome for every profile, in counts. */
  readonly report: ExportReport;

  constructor(report: ExportReport) {
    const { code, message } = whyIncomplete(report);
    super(code, message, {
      details: { exportId: report.exportId, number: report.number },
    });
    this.report = report;
  }
}
