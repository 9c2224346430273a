import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

export interface DeleteBatchesInput {
  readonly account: string;
  readonly batchIds: readonly string[];
}

/** Stops batches at Mailchimp. What they had done by then is done; their results are lost. Repeated, it does nothing. */
export function createDeleteBatches({ openAccount }: ActivityDependencies) {
  return async function deleteBatches({
    account: name,
    batchIds,
  }: DeleteBatchesInput): Promise<{ readonly requests: number }> {
    return withHeartbeat(() =>
      duringExport(async () => {
        const account = await openAccount(name);
        for (const batchId of batchIds) await account.deleteBatch(batchId);
        return { requests: account.requests() };
      }),
    );
  };
}
