import type { ActivityDependencies } from './dependencies';

export interface TidyStagingInput {
  readonly destinationId: string;
  readonly baseline: string | null;
}

/**
 * Deletes the row files of exports that more than `keepExports` later ones have followed. A retry deletes the remaining ones. Those that are
 * too old are deleted by the worker, once a day.
 */
export function createTidyStaging({ staging, keepExports }: ActivityDependencies) {
  return async function tidyStaging({ destinationId, baseline }: TidyStagingInput): Promise<void> {
    await staging.tidy(destinationId, { baseline, keepExports });
  };
}
