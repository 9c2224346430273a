import type { Client } from '@temporalio/client';
import { billedActions, type HistoryEvent } from './billed';
import type { HistoryFigures } from './figures';

/** One attempt of a step that completed; unix milliseconds. */
export interface Step {
  /** Without the prefix `mailchimp.` */
  readonly type: string;
  readonly started: number;
  readonly completed: number;
}

export interface Chain {
  readonly figures: HistoryFigures;
  /** In the order of their completion. */
  readonly steps: readonly Step[];
}

/** Reads all runs of an export: it may have continued as new. */
export async function readChain(client: Client, workflowId: string, firstRunId: string): Promise<Chain> {
  const runs: HistoryEvent[][] = [];
  let bytes = 0;
  for (let runId: string | undefined = firstRunId; runId !== undefined;) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const run: HistoryEvent[] = events ?? [];
    runs.push(run);
    bytes += await historySize(client, workflowId, runId);
    runId = run.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  const steps = runs.flatMap(stepsOf);
  const events = runs.flat();
  return {
    steps: steps.toSorted((one, other) => one.completed - other.completed),
    figures: {
      runs: runs.length,
      events: events.length,
      bytes,
      activities: events.filter((event) => event.activityTaskScheduledEventAttributes).length,
      actions: runs.reduce((sum, run) => sum + billedActions(run), 0),
    },
  };
}

async function historySize(client: Client, workflowId: string, runId: string): Promise<number> {
  const { historySize = 0 } = await client.workflow.getHandle(workflowId, runId).describe();
  return historySize;
}

function stepsOf(run: readonly HistoryEvent[]): Step[] {
  const byId = new Map(run.map((event) => [String(event.eventId), event]));
  return run.flatMap((event) => {
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) return [];
    const scheduled = byId.get(String(completed.scheduledEventId))?.activityTaskScheduledEventAttributes;
    const started = byId.get(String(completed.startedEventId));
    const type = (scheduled?.activityType?.name ?? '').replace(/^mailchimp\./, '');
    return [{ type, started: timeOf(started), completed: timeOf(event) }];
  });
}

function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}
