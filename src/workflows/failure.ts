import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  TimeoutFailure,
  isCancellation,
} from '@temporalio/workflow';
import type { Reason } from '../contract/reason';
import { exportErrorCode, ExportError, treatmentOf } from '../errors';

/** The code and message of a failed step, child or handler, however deep Temporal wrapped it. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) return reasonOf(error.cause);
  if (error instanceof ExportError) return { code: error.code, message: error.message };
  if (error instanceof ApplicationFailure) {
    return { code: exportErrorCode(error.type) ?? 'UNEXPECTED', message: error.message };
  }
  if (error instanceof TimeoutFailure) return timedOut(error);
  return {
    code: 'UNEXPECTED',
    message: error instanceof TemporalFailure ? error.message : 'Unexpected error in a workflow',
  };
}

function timedOut({ timeoutType, cause }: TimeoutFailure): Reason {
  // Only a timeout over all attempts carries the error of the last one.
  if (timeoutType === 'SCHEDULE_TO_CLOSE' && cause) return reasonOf(cause);
  if (timeoutType === 'SCHEDULE_TO_START' || timeoutType === 'SCHEDULE_TO_CLOSE') {
    return {
      code: 'STAGING_WORKER_MISSING',
      message:
        'No worker that reaches the staging store took the step in time. Start a worker with the same staging store, or another one if all are busy.',
    };
  }
  return {
    code: 'STAGING_FAILED',
    message: 'The worker that ran the step stopped responding, or the step took too long.',
  };
}

export function isTransient({ code }: Reason): boolean {
  return treatmentOf(code) === 'retry';
}

export function needsOperator({ code }: Reason): boolean {
  return treatmentOf(code) === 'stop';
}

/**
 * The failure that may leave a handler or a workflow. A plain Error would make Temporal retry the workflow task without limit, so
 * everything becomes an ApplicationFailure with its code; a cancellation stays what it is.
 */
export function toFailure(error: unknown): TemporalFailure {
  if (isCancellation(error) && error instanceof TemporalFailure) return error;
  const { code, message } = reasonOf(error);
  const details = error instanceof ExportError ? [error.details] : [];
  return ApplicationFailure.nonRetryable(message, code, ...details);
}
