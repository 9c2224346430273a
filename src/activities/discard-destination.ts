import type { ActivityDependencies } from './dependencies';

export interface DiscardDestinationInput {
  readonly destinationId: string;
  readonly withdrawal: Readonly<Record<string, string>>;
}

/** Deletes the destination's rows and lets go of its audience. The record of consent and withdrawal stays. */
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
