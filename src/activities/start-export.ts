import type { StartedExport } from '../contract/destination';
import type { ExportSegmentsRequest } from '../contract/export-segments';
import { createSender, requestExport } from './rules/send-request';
import { withDestination } from './rules/with-destination';

export interface StartExportInput extends ExportSegmentsRequest {
  /** The same for all attempts: the destination gives a repeated request the first answer. */
  readonly requestId: string;
  /** The workflow that gets a signal when the export has ended. */
  readonly workflowId: string;
}

/** Asks a destination for an export. Answers at once; a retry gets the same answer. */
export function createStartExport() {
  return function startExport(input: StartExportInput): Promise<StartedExport> {
    const { destinationId, options, trigger, requestId, workflowId } = input;
    const request = { kind: 'export', options, trigger, notify: { workflowId } } as const;
    return withDestination(destinationId, (asker) =>
      requestExport(createSender(asker), destinationId, { requestId, request }),
    );
  };
}
