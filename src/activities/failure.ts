import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { ExportError, treatmentOf } from '../errors';

/**
 * The only place that converts errors to Temporal failures. The history keeps a failure as long as the namespace retains it, so the cause is
 * left out (a driver's error can quote a row or a header), and an unexpected error keeps only its name and system code.
 */
export function toApplicationFailure(error: unknown, step: string): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof ExportError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: treatmentOf(error.code) !== 'retry',
      details: [error.details],
      ...retryDelayOf(error),
      ...(error.code === 'MAILCHIMP_BUSY' && { category: 'BENIGN' as const }),
    });
  }
  return ApplicationFailure.create({
    message:
      `Unexpected ${describeUnexpected(error)} in step ${step}. This is a bug. Run the worker with TEMPORAL_MAILCHIMP_DEBUG=1 ` +
      'to print the error; it can contain rows.',
    type: 'UNEXPECTED',
  });
}

/** As the other side has asked for. A delay of zero, as of a date that has passed, would mean to the server that the step is not retried. */
function retryDelayOf({ details }: ExportError): { readonly nextRetryDelay?: number } {
  const seconds = Number(details['retryAfterSeconds'] ?? 0);
  return seconds > 0 ? { nextRetryDelay: seconds * 1000 } : {};
}

function describeUnexpected(error: unknown): string {
  if (process.env['TEMPORAL_MAILCHIMP_DEBUG'] === '1')
    process.stderr.write(`${String((error as Error)?.stack ?? error)}\n`);
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `${error.name}${code}`;
}
