import type { UpdateDefinition } from '@temporalio/common';
import type { Envelope, StartedExport } from '../../contract/destination';
import { destinationWorkflowId } from '../../contract/identifiers';
import type { JobRequestInput } from '../../contract/job';
import { startJobUpdate } from '../../workflows/messages';
import { inTime, type Asker } from './look-at-destination';
import { refusalIn } from './refusal';

/** A request that a destination reads later than this is refused. */
const ACCEPT_TIMEOUT_MS = 10_000;

export interface Sent<Request> {
  /** A repeated request with the same id gets the first answer. */
  readonly requestId: string;
  readonly request: Request;
}

export type Send = <Request, Result>(
  destinationId: string,
  definition: UpdateDefinition<Result, [Request, Envelope]>,
  sent: Sent<Request>,
) => Promise<Result>;

/** Sends requests to destinations; by the clock of the server, once a refusal has shown that ours is wrong. */
export function createSender(asker: Asker): Send {
  /** How far the clock of the server is ahead of ours. */
  let clockOffsetMs = 0;
  return async (destinationId, definition, { requestId, request }) => {
    const handle = asker.client.workflow.getHandle(destinationWorkflowId(destinationId));
    const send = () => {
      const sentAt = Date.now() + clockOffsetMs;
      const envelope = {
        requestId,
        sentAt,
        notAfter: sentAt + ACCEPT_TIMEOUT_MS,
        taskQueue: asker.taskQueue,
      };
      return inTime(asker, () => handle.executeUpdate(definition, { args: [request, envelope] }));
    };
    const began = performance.now();
    try {
      return await send();
    } catch (error) {
      const serverTimeMs = refusalIn(error)?.details['serverTimeMs'];
      if (typeof serverTimeMs !== 'number') throw error;
      // Refused as too late after less time than it is valid for: our clock is wrong.
      if (performance.now() - began <= ACCEPT_TIMEOUT_MS) clockOffsetMs = serverTimeMs - Date.now();
      return send();
    }
  };
}

export function requestExport(
  send: Send,
  destinationId: string,
  sent: Sent<JobRequestInput>,
): Promise<StartedExport> {
  return send(destinationId, startJobUpdate, sent);
}
