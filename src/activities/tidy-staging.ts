import type { ActivityDependencies } from './dependencies';

export interface TidyStagingInput {
  readonly destinationId: string;
  readonly baseline: string | null;
}

/** Deletes row files whose time is over. Repeated, it does nothing. */
export function createTidyStaging({ staging, keepDays }: ActivityDependencies) {
  return async function tidyStaging({ destinationId, baseline }: TidyStagingInput): Promise<void> {
    await staging.expire(destinationId, { baseline, keepDays });
  };
}
