import { abridgedSettlement } from '../contract/abridged';
import type { ExportRef } from '../contract/identifiers';
import type { Settlement, Tally } from '../contract/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export interface SettleExportInput {
  readonly ref: ExportRef;
  /** Null when the workflow run that counted was lost. */
  readonly tally: Tally | null;
}

/**
 * Gives every subject its outcome and seals the next baseline, from what Mailchimp acknowledged. Returns null when nothing was planned, so
 * that nothing was sent. A retry returns the sealed settlement.
 */
export function createSettleExport({ staging }: ActivityDependencies) {
  return async function settleExport({ ref, tally }: SettleExportInput): Promise<Settlement | null> {
    const settlement = await withHeartbeat(({ cancelled }) => staging.settle(ref, tally, cancelled));
    return settlement && abridgedSettlement(settlement);
  };
}
