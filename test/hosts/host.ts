import type { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { AuditSinks } from './workflows';

/** What a host brings: it notes what passes through it. */
export interface Host {
  /** Executions of activities: workflow run, id, attempt, name. */
  readonly executed: string[];
  /** Names of activities, as the workflow interceptor has sent them to the sink. */
  readonly scheduled: string[];
  readonly activity: ActivityInterceptorsFactory;
  readonly sinks: InjectedSinks<AuditSinks>;
}

export function createHost(): Host {
  const executed: string[] = [];
  const scheduled: string[] = [];
  return {
    executed,
    scheduled,
    activity: ({ info }) => ({
      inbound: {
        execute: (input, next) => {
          executed.push(
            [info.workflowExecution?.runId, info.activityId, info.attempt, info.activityType].join(' '),
          );
          return next(input);
        },
      },
    }),
    sinks: { audit: { scheduled: { fn: (_info, name) => void scheduled.push(name) } } },
  };
}

const REVERSED = 'binary/reversed';
const toBytes = (text: string) => new TextEncoder().encode(text);

/** Stands for encryption: without it, no payload can be read. A payload that passes it twice cannot be read either. */
export const REVERSING: PayloadCodec = {
  encode: async (payloads) =>
    payloads.map(({ metadata, data }) => ({
      metadata: { encoding: toBytes(REVERSED), was: metadata?.['encoding'] ?? toBytes('') },
      ...(data && { data: data.toReversed() }),
    })),
  decode: async (payloads) => payloads.map((payload) => (isReversed(payload) ? restored(payload) : payload)),
};

function isReversed({ metadata }: Payload): boolean {
  return Buffer.from(metadata?.['encoding'] ?? []).toString() === REVERSED;
}

function restored({ metadata, data }: Payload): Payload {
  return { metadata: { encoding: metadata!['was']! }, ...(data && { data: data.toReversed() }) };
}

/** Of all runs of a workflow. */
export async function historiesOf({ workflow }: Client, workflowId: string) {
  const histories = [];
  for await (const { runId } of workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    histories.push({ runId, history: await workflow.getHandle(workflowId, runId).fetchHistory() });
  return histories;
}

/** Executions of activities that the server knows to have started, as `Host.executed` has them. */
export function startedSteps({ runId, history }: Awaited<ReturnType<typeof historiesOf>>[number]): string[] {
  const { events = [] } = history;
  const byId = new Map((events ?? []).map((event) => [String(event.eventId), event]));
  return [...byId.values()].flatMap(({ activityTaskStartedEventAttributes: started }) => {
    const scheduled = byId.get(String(started?.scheduledEventId))?.activityTaskScheduledEventAttributes;
    return scheduled
      ? [[runId, scheduled.activityId, started!.attempt, scheduled.activityType!.name].join(' ')]
      : [];
  });
}

interface FoundPayload {
  readonly path: string;
  readonly isEncoded: boolean;
}

/** All payloads of an event, but for those that the SDK itself writes: headers, search attributes and markers of patches. */
export function payloadsOf(value: unknown, path = ''): FoundPayload[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  if (/header|searchAttributes|markerRecorded/i.test(path)) return [];
  const { metadata } = value as Payload;
  if (metadata && Object.hasOwn(metadata, 'encoding'))
    return [{ path, isEncoded: isReversed(value) || hasNothing(metadata) }];
  return Object.entries(value).flatMap(([key, inner]) => payloadsOf(inner, `${path}.${key}`));
}

/** What the SDK writes for the details of a step that was cancelled while it waited: they are not encoded, and have nothing. */
function hasNothing({ encoding }: NonNullable<Payload['metadata']>): boolean {
  return encoding !== undefined && encoding !== null && Buffer.from(encoding).toString() === 'binary/null';
}
