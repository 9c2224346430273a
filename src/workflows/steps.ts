import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index';
import { STEP_ATTEMPTS, type ExportInput } from '../contract/export';
import { storeQueue } from '../contract/identifiers';

/** More than one, for a worker that was restarted, or a short disturbance. */
const FEW_ATTEMPTS = { initialInterval: '1 second', maximumAttempts: STEP_ATTEMPTS } as const;

/** With any other type, a cancelled workflow would continue while the activity still sends. */
const WAIT_FOR_CANCELLATION = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
} as const;

/** The caller of connect and configure waits for the answer, for 90 s at most. */
const CHECK = {
  ...WAIT_FOR_CANCELLATION,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
  // Before the steps of exports, where the server has priority on.
  priority: { priorityKey: 1 },
} as const;

/** Checks of a first connect, before the destination has a store: they run on any worker of the destination's queue. */
export const checks = proxyActivities<Activities>(CHECK);

/** The same checks on a worker that reaches the staging store. */
export function storeChecks(storeId: string) {
  return proxyActivities<Activities>({ ...CHECK, taskQueue: storeQueue(storeId) });
}

/** Steps of an export. They run where its rows are, and each sends heartbeats: a dead worker is noticed in seconds. */
export function exportSteps({
  storeId,
  workerTimeoutSeconds,
}: Pick<ExportInput, 'storeId' | 'workerTimeoutSeconds'>) {
  const options = {
    ...WAIT_FOR_CANCELLATION,
    taskQueue: storeQueue(storeId),
    scheduleToStartTimeout: workerTimeoutSeconds * 1000,
    heartbeatTimeout: '20 seconds',
    retry: FEW_ATTEMPTS,
  } as const;
  return {
    short: proxyActivities<Activities>({ ...options, startToCloseTimeout: '5 minutes' }),
    long: proxyActivities<Activities>({ ...options, startToCloseTimeout: '6 hours' }),
    /** For an export that winds down: a provider that is absent must not hold it. */
    brief: proxyActivities<Activities>({
      ...options,
      scheduleToStartTimeout: '10 seconds',
      startToCloseTimeout: '8 seconds',
      retry: { maximumAttempts: 1 },
    }),
  };
}

export type ExportSteps = ReturnType<typeof exportSteps>;

/** Steps of a refresh: on its own task queue, where any worker with the plugin takes them. */
export function refreshSteps(summary: string) {
  return proxyActivities<Activities>({
    ...WAIT_FOR_CANCELLATION,
    summary,
    heartbeatTimeout: '20 seconds',
    startToCloseTimeout: '5 minutes',
    scheduleToCloseTimeout: '20 minutes',
    retry: { initialInterval: '1 second', maximumAttempts: 5 },
  });
}

/** Requests to one destination: on the task queue that it belongs to, where any worker with the plugin takes them. Retried for a quarter of an hour. */
export function requestSteps(summary: string) {
  return proxyActivities<Activities>({
    ...WAIT_FOR_CANCELLATION,
    summary,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '15 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  });
}

/** One attempt has ten seconds. */
const SEND_ALERT = { ...WAIT_FOR_CANCELLATION, startToCloseTimeout: '15 seconds' } as const;

/** Half a minute of attempts, after which the destination shows that a receiver does not answer. */
export const firstAlertSteps = proxyActivities<Activities>({
  ...SEND_ALERT,
  retry: { initialInterval: '2 seconds', backoffCoefficient: 5, maximumAttempts: 3 },
});

/** A receiver may be away for a day. */
export const laterAlertSteps = proxyActivities<Activities>({
  ...SEND_ALERT,
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '1 minute', maximumInterval: '1 hour' },
});
