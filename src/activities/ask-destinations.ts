import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { CompactDestinationView } from '../contract/destination-view';
import type { StartedExport } from '../contract/destination';
import { fullView } from '../contract/compact';
import { exportWorkflowId } from '../contract/identifiers';
import type { ScheduleReference } from '../contract/job';
import type { Reason } from '../contract/reason';
import type { RefreshedDestination } from '../contract/refresh';
import { skipFor } from '../text/why-skipped';
import { progressQuery } from '../workflows/messages';
import type { ActivityDependencies } from './dependencies';
import { hasMoved } from './has-moved';
import { withHeartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';
import { answerOfRequest } from './rules/answer-of-request';
import { inTime, lookAtDestination, skipped, unasked, type Asker } from './rules/look-at-destination';
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
  /** The schedule that has started the refresh, for people. */
  readonly schedule?: ScheduleReference;
  /** Of these, the ones that are asked once more, since the export that they joined had read its source before. */
  readonly again?: readonly string[];
}

/** What a destination answered. */
export type Answer =
  | {
      readonly kind: 'open';
      readonly destinationId: string;
      readonly exportId: string;
      readonly number: number;
      readonly hasJoined?: true;
      /** It had read its source before it was joined. */
      readonly isOutdated?: true;
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
        return silentOr(destinationId, silenceOf(error));
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

/** Without its key, the destination gives no answer later either. */
function silentOr(destinationId: string, failure: Reason): Answer {
  return failure.code === 'SECRET_UNAVAILABLE'
    ? { kind: 'line', line: { destinationId, result: 'failed', failure } }
    : { kind: 'silent', destinationId, failure };
}

function createAsk(asker: Asker, input: AskDestinationsInput, dependencies: ActivityDependencies) {
  const { refreshId, workflowId, trigger, schedule, again = [] } = input;
  const send = createSender(asker);
  const mayBeSkipped = ({ destinationId, storeId, running, queued, exports }: CompactDestinationView) =>
    (input.whenSourceChanged || again.includes(destinationId)) &&
    // Another worker reaches its store.
    storeId === dependencies.staging.storeId &&
    // Perhaps it was asked already, and the answer was lost: then it has moved, and is unchanged since.
    running === null &&
    queued.length === 0 &&
    (again.includes(destinationId) ||
      !exports.some(({ startedAt }) => Date.parse(startedAt) >= input.startedAtMs));
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
        requestId: `${refreshId}${again.includes(destinationId) ? '+' : '/'}${destinationId}`,
        request: { kind: 'export', trigger, notify: { workflowId, ...(schedule && { schedule }) } },
      });
      const answer = answerOfRequest(look.view, started);
      if (answer.kind !== 'open' || !answer.hasJoined) return answer;
      return (await hasReadSource(asker, started, destinationId)) ? { ...answer, isOutdated: true } : answer;
    } catch (error) {
      const refusal = refusalIn(error);
      if (!refusal) throw error;
      const why = skipFor(refusal.code);
      const line = why ? skipped(destinationId, why) : unasked(destinationId, refusal);
      return { kind: 'line', line };
    }
  };
}

/** Asked after it was joined: what it reads from then on is the source as it is now, or later. Without an answer, it may have read it. */
async function hasReadSource(
  asker: Asker,
  { exportId }: StartedExport,
  destinationId: string,
): Promise<boolean> {
  try {
    const handle = asker.client.workflow.getHandle(exportWorkflowId(destinationId));
    const { ref, phase } = await inTime(asker, () => handle.query(progressQuery));
    // Another one still runs before it: it is queued. The source is read from the census on, which may take longer than the source.
    return ref.exportId === exportId && phase !== 'preflight';
  } catch (error) {
    // It is about to start.
    return !(error instanceof WorkflowNotFoundError);
  }
}
