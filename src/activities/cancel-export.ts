import type { ExportRef } from '../contract/identifiers';
import { cancelExportUpdate } from '../workflows/messages';
import { createSender } from './rules/send-request';
import { withDestination } from './rules/with-destination';

export interface CancelExportStepInput extends ExportRef {
  readonly requestId: string;
}

/** Cancels an export that runs or is queued. What Mailchimp has acknowledged stays, and is counted. */
export function createCancelExport() {
  return async function cancelExport({
    destinationId,
    exportId,
    requestId,
  }: CancelExportStepInput): Promise<void> {
    await withDestination(destinationId, (asker) =>
      createSender(asker)(destinationId, cancelExportUpdate, { requestId, request: { exportId } }),
    );
  };
}
