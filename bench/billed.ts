import type { Client } from '@temporalio/client';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
export type HistoryEvent = NonNullable<NonNullable<History['events']>[number]>;

/**
 * What Temporal Cloud bills for the history of one run, as https://docs.temporal.io/evaluate/cloud/actions lists it. Not in a history, and
 * so not counted here: queries, heartbeats, and two actions of the schedule for each start.
 */
export function billedActions(history: readonly HistoryEvent[]): number {
  // All markers of one workflow task are one action.
  const marking = new Set(
    history.flatMap(({ markerRecordedEventAttributes: marker }) =>
      marker ? [String(marker.workflowTaskCompletedEventId)] : [],
    ),
  );
  return history.reduce((sum, event) => sum + billedEvent(event), marking.size);
}

function billedEvent(event: HistoryEvent): number {
  const { activityTaskStartedEventAttributes: started } = event;
  // Its first attempt is billed when it is scheduled; there is no event for the retries before the last one.
  if (started) return (started.attempt ?? 1) - 1;
  const isBilled =
    event.workflowExecutionStartedEventAttributes ??
    event.workflowExecutionOptionsUpdatedEventAttributes ??
    event.workflowExecutionSignaledEventAttributes ??
    event.workflowExecutionUpdateAcceptedEventAttributes ??
    event.activityTaskScheduledEventAttributes ??
    event.timerStartedEventAttributes ??
    // The start of the child is billed as well, in its own history.
    event.startChildWorkflowExecutionInitiatedEventAttributes ??
    event.nexusOperationScheduledEventAttributes ??
    event.nexusOperationCancelRequestedEventAttributes;
  return isBilled || isBilledUpsert(event) ? 1 : 0;
}

/** Those of `patched` are free. */
function isBilledUpsert({ upsertWorkflowSearchAttributesEventAttributes: upsert }: HistoryEvent): boolean {
  const names = Object.keys(upsert?.searchAttributes?.indexedFields ?? {});
  return names.some((name) => name !== 'TemporalChangeVersion');
}
