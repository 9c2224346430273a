import type { ActivityDependencies } from './dependencies';

export interface TidyStagingInput {
  readonly destinationId: string;
  readonly baseline: string | null;
}

/** Deletes the row files of exports that ended more than `keepDays` ago. A retry deletes the remaining ones. */
export function createTidyStaging({ staging, keepDays }: ActivityDependencies) {
  return async function tidyStaging({ destinationId, baseline }: TidyStagingInput): Promise<void> {
    await staging.expire(destinationId, { baseline, keepDays });
  };
}
