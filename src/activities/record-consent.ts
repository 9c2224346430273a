import type { ActivityDependencies } from './dependencies';

export interface RecordConsentInput {
  readonly destinationId: string;
  readonly statement: Readonly<Record<string, string>>;
}

/** Records a statement of consent, or its withdrawal, where it outlives Temporal's history. A retry records it once. */
export function createRecordConsent({ staging }: ActivityDependencies) {
  return function recordConsent({ destinationId, statement }: RecordConsentInput): Promise<void> {
    return staging.recordConsent(destinationId, statement);
  };
}
