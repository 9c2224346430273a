import type { Reason } from './reason';
import type { ExportReport } from './report';

/** Why an export did not complete, for a caller who waited for it. */
export function whyIncomplete(report: ExportReport): Reason {
  const { code, message } = reasonOf(report);
  return { code, message: `Export ${report.number} of ${report.destinationId} ${message}` };
}

function reasonOf({ status, failure }: ExportReport): Reason {
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
