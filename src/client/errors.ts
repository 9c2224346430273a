import {
  ApplicationFailure,
  isGrpcServiceError,
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { ExportRef } from '../contract/identifiers';
import type { SkipReason } from '../contract/refresh';
import { refusalFor } from '../text/why-skipped';
import { ExportError, isExportErrorCode, type ExportErrorOptions } from '../errors';

/** gRPC status codes as numbers: importing the enum would add gRPC as a dependency. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
/** The server's reply to a query when no worker has polled recently. */
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const NO_WORKER = new Set([CANCELLED, DEADLINE_EXCEEDED, FAILED_PRECONDITION]);

const UNKNOWN_NAMESPACE =
  'The namespace does not exist on the Temporal server. Check its name, or create it.';

const SILENT = 'The Temporal server does not answer. Check its address, or start the server.';

const UNREACHABLE: Readonly<Record<number, string>> = {
  [UNAVAILABLE]: SILENT,
  // Not for workflows: the SDK has a separate error class for workflows that are not found.
  [NOT_FOUND]: UNKNOWN_NAMESPACE,
  [PERMISSION_DENIED]: 'The Temporal server denied the request. Check the API key and the namespace.',
  [UNAUTHENTICATED]: 'The Temporal server refused the API key. Check the key.',
  [RESOURCE_EXHAUSTED]: 'The Temporal server is overloaded. Try again later.',
};

/** What the SDK's converter says of a payload that no codec has decrypted. */
const ENCRYPTED = /Unknown encoding: binary\/encrypted/;

/** What the SDK says of a query that a worker without processor time did not finish. A later one succeeds. */
const OVERLOADED = /Script execution timed out/;

const OTHER_KEYS =
  'The request or its answer is encrypted with a key that the worker, or this client, does not have. Nothing was changed. Give the same keys to both: ' +
  'temporal.encryption in the configuration file, or the dataConverter of a client. A worker reads its keys when it starts.';

function isEncrypted(error: unknown): boolean {
  return error instanceof Error && ENCRYPTED.test(error.message);
}

export interface RequestTarget {
  readonly destinationId: string;
  /** Null for a request that the server answers itself: only the server can be silent then. */
  readonly taskQueue: string | null;
}

/** Converts an error of the Temporal client into an ExportError. Unknown errors are returned unchanged: they are bugs. */
export function toExportError(error: unknown, { destinationId, taskQueue }: RequestTarget): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message, details } = error.cause;
    if (isExportErrorCode(type))
      return new ExportError(type, message, { cause: error, details: toDetails(details) });
  }
  if (error instanceof WorkflowNotFoundError) return destinationNotFound(destinationId);
  if (error instanceof NamespaceNotFoundError) {
    return new ExportError('TEMPORAL_UNREACHABLE', UNKNOWN_NAMESPACE, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return noAnswer(error, taskQueue);
  // The SDK takes each failure of a query for a query that is not known.
  if (error instanceof QueryNotRegisteredError && OVERLOADED.test(error.message))
    return noAnswer(error, taskQueue);
  if (isEncrypted(error) || (error instanceof Error && isEncrypted(error.cause)))
    return new ExportError('CONFIG_INVALID', OTHER_KEYS, { cause: error });
  // The SDK wraps gRPC errors that it does not handle.
  const raw = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(raw) ? (fromServer(raw, taskQueue) ?? error) : error;
}

function toDetails(details: ApplicationFailure['details']): NonNullable<ExportErrorOptions['details']> {
  const [first] = details ?? [];
  return typeof first === 'object' && first !== null
    ? (first as NonNullable<ExportErrorOptions['details']>)
    : {};
}

function fromServer(
  error: Error & { readonly code: number },
  taskQueue: string | null,
): ExportError | undefined {
  if (NO_WORKER.has(error.code)) return noAnswer(error, taskQueue);
  const reason = UNREACHABLE[error.code];
  return reason === undefined ? undefined : new ExportError('TEMPORAL_UNREACHABLE', reason, { cause: error });
}

function noAnswer(error: Error, taskQueue: string | null): ExportError {
  if (taskQueue !== null) return workerNotRunning(taskQueue);
  return new ExportError('TEMPORAL_UNREACHABLE', SILENT, { cause: error });
}

export function destinationNotFound(destinationId: string): ExportError {
  return refused('not_found', destinationId);
}

function refused(why: SkipReason, destinationId: string): ExportError {
  const { code, message } = refusalFor(why, destinationId);
  return new ExportError(code, message);
}

/** How a destination has ended. @returns undefined for one that was never connected */
export function ended(
  destinationId: string,
  { phase, status }: { readonly phase: unknown; readonly status: string },
): ExportError | undefined {
  if (phase === 'connecting') return undefined;
  if (status === 'RUNNING' || status === 'CONTINUED_AS_NEW') {
    return new ExportError(
      'TEMPORAL_UNREACHABLE',
      `The Temporal server did not find the destination ${destinationId}, which it lists as running: it has probably just started. Try again.`,
    );
  }
  if (phase === 'removed' || status === 'COMPLETED') return refused('removed', destinationId);
  return new ExportError(
    'DESTINATION_TERMINATED',
    `The destination ${destinationId} was not removed: its workflow was ended in Temporal (${status}). Its store still has what was ` +
      'exported, its tags and the consent. Connect it again with --adopt to continue from there, then configure it.',
  );
}

export function workerNotRunning(taskQueue: string): ExportError {
  return new ExportError(
    'WORKER_NOT_RUNNING',
    `No worker answers on the task queue "${taskQueue}", so nothing was started. Start one: temporal-mailchimp worker`,
  );
}

/** For a worker that stopped after it accepted the request, or whose check at Mailchimp takes very long. */
export function noAnswerInTime(destinationId: string): ExportError {
  return new ExportError(
    'WORKER_NOT_RUNNING',
    `The request to ${destinationId} was accepted, but was not answered in time. It can still take effect: check that a worker runs ` +
      '(temporal-mailchimp worker), and check the destination later.',
  );
}

export function notRunning({ destinationId, exportId }: ExportRef): ExportError {
  return new ExportError(
    'EXPORT_NOT_FOUND',
    `Export ${exportId} of ${destinationId} is not running: it has ended or has not begun. Nothing was changed.`,
  );
}
