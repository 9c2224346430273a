import {
  ApplicationFailure,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ExportError, isExportErrorCode } from '../errors';

/** gRPC status codes as numbers: the enum would make gRPC a dependency of ours. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
/** The server's answer to a query when it has not seen a worker for a while. */
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const NO_WORKER = new Set([CANCELLED, DEADLINE_EXCEEDED, FAILED_PRECONDITION]);

const UNKNOWN_NAMESPACE = 'The Temporal server does not know the namespace. Check its name, or create it.';

const UNREACHABLE: Readonly<Record<number, string>> = {
  [UNAVAILABLE]: 'The Temporal server does not answer. Check its address, or start one.',
  // Raw: workflows that are not found have an error class of their own.
  [NOT_FOUND]: UNKNOWN_NAMESPACE,
  [PERMISSION_DENIED]: 'The Temporal server does not allow it. Check the API key and the namespace.',
  [UNAUTHENTICATED]: 'The Temporal server does not accept the API key. Check it.',
  [RESOURCE_EXHAUSTED]: 'The Temporal server is too busy to answer. Try again in a while.',
};

export interface Asked {
  readonly destinationId: string;
  readonly taskQueue: string;
}

/** Turns what Temporal throws into what the user has to know. Anything unknown stays as it is: a bug. */
export function toExportError(error: unknown, { destinationId, taskQueue }: Asked): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    if (isExportErrorCode(type)) return new ExportError(type, message, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new ExportError(
      'DESTINATION_NOT_FOUND',
      `There is no destination "${destinationId}". List them, or connect it first.`,
    );
  }
  if (error instanceof NamespaceNotFoundError) {
    return new ExportError('TEMPORAL_UNREACHABLE', UNKNOWN_NAMESPACE, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return workerNotRunning(taskQueue);
  // What the SDK does not know it wraps.
  const raw = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(raw) ? (fromServer(raw, taskQueue) ?? error) : error;
}

function fromServer(error: Error & { readonly code: number }, taskQueue: string): ExportError | undefined {
  if (NO_WORKER.has(error.code)) return workerNotRunning(taskQueue);
  const reason = UNREACHABLE[error.code];
  return reason === undefined ? undefined : new ExportError('TEMPORAL_UNREACHABLE', reason, { cause: error });
}

export function workerNotRunning(taskQueue: string): ExportError {
  return new ExportError(
    'WORKER_NOT_RUNNING',
    `No worker answers on the task queue "${taskQueue}", so nothing was started and nothing will be. Start one: temporal-mailchimp worker`,
  );
}

/** A worker took the request and then went away, or its check at Mailchimp takes very long. */
export function answerMissing(destinationId: string): ExportError {
  return new ExportError(
    'WORKER_NOT_RUNNING',
    `The request to ${destinationId} was accepted, but no answer came in time. It may still take effect: look at the destination in a ` +
      'while, and see whether its worker runs (temporal-mailchimp worker).',
  );
}
