import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { shortReason } from '../../contract/ended-export';
import { isUndecodable, undecodable } from '../../contract/read-memo';
import type { Reason } from '../../contract/reason';
import { ExportError, isExportErrorCode } from '../../errors';

/** The refusal of a request by a workflow; undefined for any other error. */
export function refusalIn(error: unknown): ExportError | undefined {
  // The client's class is only a type here: a worker's activities do not load the client.
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || !isExportErrorCode(cause.type)) return undefined;
  const [details] = (cause.details ?? []) as readonly (ExportError['details'] | undefined)[];
  return new ExportError(cause.type, cause.message, { cause: error, ...(details && { details }) });
}

/** gRPC status codes: cancelled, deadline exceeded, and the answer to a query while no worker polls. */
const NO_WORKER = new Set<unknown>([1, 4, 9]);

/** Why a destination gave no answer. It may be asked again. */
export function silenceOf(error: unknown): Reason {
  if (error instanceof ExportError) return shortReason(error);
  if (error instanceof WorkflowNotFoundError)
    return {
      code: 'DESTINATION_NOT_FOUND',
      message: 'The destination ended while it was asked. See: temporal-mailchimp destination list',
    };
  if (isUndecodable(error)) return undecodable(error);
  const raw =
    error instanceof Error && 'code' in error ? error : (error as { cause?: unknown } | null)?.cause;
  const code = typeof raw === 'object' && raw !== null && 'code' in raw ? raw.code : undefined;
  const isLate = error instanceof Error && error.name === 'WorkflowUpdateRPCTimeoutOrCancelledError';
  if (isLate || NO_WORKER.has(code))
    return {
      code: 'WORKER_NOT_RUNNING',
      message: 'No worker answered for the destination in time. Start one: temporal-mailchimp worker',
    };
  if (typeof code === 'number')
    return {
      code: 'TEMPORAL_UNREACHABLE',
      message: `The Temporal server refused the request with the gRPC code ${code}. Check the server.`,
    };
  const name = error instanceof Error ? error.name : typeof error;
  return { code: 'UNEXPECTED', message: `Unexpected ${name} when the destination was asked.` };
}
