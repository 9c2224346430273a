import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { ExportError, treatmentOf } from '../errors';

/**
 * The only place that turns our errors into Temporal's. A failure stays in the history for as long as the namespace keeps
 * it, so no cause goes along (a driver's error may quote a row or a header), and an unexpected error leaves its name only.
 */
export function toApplicationFailure(error: unknown, step: string): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof ExportError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: treatmentOf(error.code) !== 'retry',
      details: [error.details],
      ...(error.code === 'MAILCHIMP_BUSY' && { category: 'BENIGN' as const }),
    });
  }
  return ApplicationFailure.create({
    message: `Unexpected ${nameOf(error)} in step ${step}. This is a bug; the worker's TEMPORAL_MAILCHIMP_DEBUG=1 prints it, rows and all.`,
    type: 'UNEXPECTED',
  });
}

function nameOf(error: unknown): string {
  if (process.env['TEMPORAL_MAILCHIMP_DEBUG'] === '1')
    process.stderr.write(`${String((error as Error)?.stack ?? error)}\n`);
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `${error.name}${code}`;
}
