import type { BatchState } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

export interface PollBatchesInput {
  readonly account: string;
  readonly batchIds: readonly string[];
}

export interface PolledBatches {
  readonly batches: readonly BatchState[];
  /** After so long nothing of a batch that is gone can be running any more. */
  readonly longestRequestMs: number;
  readonly requests: number;
}

/** One short look at all batches in flight. The waiting between looks is the workflow's. */
export function createPollBatches({ openAccount }: ActivityDependencies) {
  return async function pollBatches(input: PollBatchesInput): Promise<PolledBatches> {
    return withHeartbeat(() =>
      duringExport(async () => {
        const account = await openAccount(input.account);
        const batches = await account.batches(input.batchIds);
        return { batches, longestRequestMs: account.longestRequestMs, requests: account.requests() };
      }),
    );
  };
}
