import { Context } from '@temporalio/activity';
import type { CompactDestinationView } from '../contract/destination-view';
import type { StartedExport } from '../contract/destination';
import { fullView } from '../contract/compact';
import { endedExport, refreshedBy } from '../contract/ended-export';
import type { Reason } from '../contract/reason';
import type { RefreshedDestination } from '../contract/refresh';
import type { ExportErrorCode } from '../errors';
import type { ActivityDependencies } from './dependencies';
import { hasMoved } from './has-moved';
import { withHeartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';
import { lookAtDestination, skipped, unasked, type Asker } from './rules/look-at-destination';
import { refusalIn, silenceOf } from './rules/refusal';
import { createSender, requestExport } from './rules/send-request';

export interface AskDestinationsInput {
  readonly destinationIds: readonly string[];
  /** The same for all attempts, runs and continuations of a refresh. */
  readonly refreshId: string;
  /** When the refresh began, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** The workflow that gets a signal when an export has ended. */
  readonly workflowId: string;
  readonly trigger: string;
  readonly whenSourceChanged: boolean;
}

/** What a destination answered. */
export type Answer =
  | {
      readonly kind: 'open';
      readonly destinationId: string;
      readonly exportId: string;
      readonly number: number;
      readonly hasJoined?: true;
    }
  | { readonly kind: 'line'; readonly line: RefreshedDestination }
  | { readonly kind: 'silent'; readonly destinationId: string; readonly failure: Reason };

/** Destinations that one activity asks at the same time: a worker has more to do. */
export const ASKED_AT_ONCE = 8;

/**
 * Asks destinations for an export each. The id of a request is made of the refresh and the destination, so that a destination which is
 * asked again answers with the export of the first request. One that gives no answer does not keep the others from theirs.
 */
export function createAskDestinations(dependencies: ActivityDependencies) {
  return async function askDestinations(input: AskDestinationsInput): Promise<Answer[]> {
    const { client, info } = Context.current();
    const ask = createAsk({ client, taskQueue: info.taskQueue }, input, dependencies);
    const answer = async (destinationId: string): Promise<Answer> => {
      try {
        return await ask(destinationId);
      } catch (error) {
        return { kind: 'silent', destinationId, failure: silenceOf(error) };
      }
    };
    return withHeartbeat(({ throwIfCancelled }) =>
      mapAtOnce(input.destinationIds, ASKED_AT_ONCE, (destinationId) => {
        throwIfCancelled();
        return answer(destinationId);
      }),
    );
  };
}

function createAsk(asker: Asker, input: AskDestinationsInput, dependencies: ActivityDependencies) {
  const { refreshId, workflowId, trigger } = input;
  const send = createSender(asker);
  const mayBeSkipped = ({ storeId, running, queued, exports }: CompactDestinationView) =>
    input.whenSourceChanged &&
    // Another worker reaches its store.
    storeId === dependencies.staging.storeId &&
    // Perhaps it was asked already, and the answer was lost: then it has moved, and is unchanged since.
    running === null &&
    queued.length === 0 &&
    !exports.some(({ startedAt }) => Date.parse(startedAt) >= input.startedAtMs);
  return async (destinationId: string): Promise<Answer> => {
    const look = await lookAtDestination(asker, destinationId);
    if ('line' in look) return { kind: 'line', line: look.line };
    // A further export would only be queued behind it.
    if (look.waits) return { kind: 'line', line: look.waits };
    if (
      mayBeSkipped(look.view) &&
      !(await hasMoved(dependencies, fullView(look.view), Context.current().cancellationSignal))
    )
      return { kind: 'line', line: skipped(destinationId, 'source_unchanged') };
    try {
      const started = await requestExport(send, destinationId, {
        requestId: `${refreshId}/${destinationId}`,
        request: { kind: 'export', trigger, notify: { workflowId } },
      });
      return answerOf(look.view, started);
    } catch (error) {
      const refusal = refusalIn(error);
      if (!refusal) throw error;
      const why = SKIPS[refusal.code];
      const line = why ? skipped(destinationId, why) : unasked(destinationId, refusal);
      return { kind: 'line', line };
    }
  };
}

/** What the destination refuses after it was looked at. */
const SKIPS: Partial<Record<ExportErrorCode, RefreshedDestination['skipped'] & string>> = {
  NOT_CONFIGURED: 'not_configured',
  NOT_CONNECTED: 'not_found',
  CONSENT_REQUIRED: 'consent_withdrawn',
  DESTINATION_REMOVED: 'removed',
  DESTINATION_BUSY: 'busy',
};

function answerOf(view: CompactDestinationView, started: StartedExport): Answer {
  const { destinationId } = view;
  const { exportId, number, disposition } = started;
  const hasJoined = disposition === 'joined' && { hasJoined: true as const };
  // The answer to an earlier attempt was lost, and the export has ended since.
  const report = view.exports.find((one) => one.exportId === exportId);
  if (!report || report.status === 'replanned')
    return { kind: 'open', destinationId, exportId, number, ...hasJoined };
  return { kind: 'line', line: { ...refreshedBy(endedExport(report, exportId)), ...hasJoined } };
}
