import { Context, log } from '@temporalio/activity';
import type { ActivityDependencies } from './dependencies';
import { leaveSchedules } from './rules/leave-schedules';

export interface DiscardDestinationInput {
  readonly destinationId: string;
  readonly withdrawal: Readonly<Record<string, string>>;
  /** That of the destination. Undefined: its workflow began before version 0.4.0. */
  readonly taskQueue?: string;
}

/**
 * Records the withdrawal of consent, releases the audience, deletes the destination's rows, and takes it out of its schedules. The record
 * of consents stays. A retry can record the withdrawal twice, with the same time.
 */
export function createDiscardDestination({ staging }: ActivityDependencies) {
  return async function discardDestination({
    destinationId,
    withdrawal,
    taskQueue,
  }: DiscardDestinationInput): Promise<void> {
    const discard = async () => {
      await staging.recordConsent(destinationId, withdrawal);
      await staging.releaseAudience(destinationId);
      await staging.discard(destinationId);
    };
    const { client } = Context.current();
    const [failure] = await Promise.all([leaveSchedules(client, { destinationId, taskQueue }), discard()]);
    if (failure !== undefined)
      log.warn('The removed destination may still be in schedules, which skip it', { failure });
  };
}
