import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index';
import { storeQueue } from '../contract/identifiers';

/** About ten minutes of tries; after that the export says that it waits, and tries again later. */
const PATIENT = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
  maximumAttempts: 15,
} as const;

/** Unset, a cancelled workflow would go on at once while the activity still sends. */
const SETTLED = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
} as const;

/** Checks inside connect and configure: a person waits for the answer. Runs on any worker of the destination's queue. */
export const checks = proxyActivities<Activities>({
  ...SETTLED,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
});

/** The same, where the staging store is needed. */
export function storeChecks(storeId: string) {
  return proxyActivities<Activities>({
    ...SETTLED,
    taskQueue: storeQueue(storeId),
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '60 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
  });
}

/** Steps of an export run where its rows lie. All of them beat: a worker that died is noticed in seconds. */
export function exportSteps(storeId: string) {
  const where = {
    ...SETTLED,
    taskQueue: storeQueue(storeId),
    scheduleToStartTimeout: '2 minutes',
    heartbeatTimeout: '20 seconds',
    retry: PATIENT,
  } as const;
  return {
    short: proxyActivities<Activities>({ ...where, startToCloseTimeout: '5 minutes' }),
    long: proxyActivities<Activities>({ ...where, startToCloseTimeout: '6 hours' }),
  };
}

export type ExportSteps = ReturnType<typeof exportSteps>;
