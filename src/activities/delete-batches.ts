import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';

export interface DeleteBatchesInput {
  readonly account: string;
  readonly batchIds: readonly string[];
}

/**
 * Deletes batches at Mailchimp, all at once, each whatever becomes of the others. Operations that have run stay applied, and the results of
 * a deleted batch are lost. A retry deletes the remaining ones: a batch that is gone is not an error.
 */
export function createDeleteBatches(dependencies: ActivityDependencies) {
  return async function deleteBatches(input: DeleteBatchesInput): Promise<{ readonly requests: number }> {
    return exportStep(dependencies, input, async ({ openAccount }) => {
      const account = await openAccount();
      const deleted = await Promise.allSettled(input.batchIds.map((batchId) => account.deleteBatch(batchId)));
      for (const one of deleted) if (one.status === 'rejected') throw one.reason;
      return { requests: account.requests() };
    });
  };
}
