import type { ActivityDependencies } from './dependencies';

export interface DiscardDestinationInput {
  readonly destinationId: string;
  readonly withdrawal: Readonly<Record<string, string>>;
}

/**
 * Records the withdrawal of consent, releases the audience and deletes the destination's rows. The record of consents stays. A retry can
 * record the withdrawal twice, with the same time.
 */
export function createDiscardDestination({ staging }: ActivityDependencies) {
  return async function discardDestination({
    destinationId,
    withdrawal,
  }: DiscardDestinationInput): Promise<void> {
    await staging.recordConsent(destinationId, withdrawal);
    await staging.releaseAudience(destinationId);
    await staging.discard(destinationId);
  };
}
