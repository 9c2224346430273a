import type { ExportRef } from '../contract/identifiers';
import type { Settlement, Tally } from '../contract/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export interface SettleExportInput {
  readonly ref: ExportRef;
  /** Null when the run that knew it is lost. */
  readonly tally: Tally | null;
}

/**
 * Gives every subject its outcome and seals the next baseline, by what Mailchimp acknowledged. Repeated, it gives the same
 * answer. Null: nothing was planned, so nothing was sent.
 */
export function createSettleExport({ staging }: ActivityDependencies) {
  return async function settleExport({ ref, tally }: SettleExportInput): Promise<Settlement | null> {
    return withHeartbeat(() => staging.settle(ref, tally));
  };
}
