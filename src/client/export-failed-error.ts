import type { ExportReport } from '../contract/report';
import { ExportError, type ExportErrorCode } from '../errors';

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
    const { code, message } = reasonOf(report);
    super(code, `Export ${report.number} of ${report.destinationId} ${message}`, {
      details: { exportId: report.exportId, number: report.number },
    });
    this.report = report;
  }
}

function reasonOf({ status, failure }: ExportReport): { code: ExportErrorCode; message: string } {
  switch (status) {
    case 'denied':
      return { code: 'EXPORT_DENIED', message: 'was denied. Nothing was sent.' };
    case 'expired':
      return {
        code: 'EXPORT_EXPIRED',
        message: 'was held and not approved in time. Nothing was sent. Start it again, and approve it.',
      };
    case 'cancelled':
    case 'replanned':
      return {
        code: 'EXPORT_CANCELLED',
        message: 'was cancelled. What Mailchimp acknowledged stays, and is counted in the report.',
      };
    default:
      return {
        code: failure?.code ?? 'UNEXPECTED',
        message: `failed: ${failure?.message ?? 'it gave no reason.'}`,
      };
  }
}
