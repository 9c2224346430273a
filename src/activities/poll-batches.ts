import type { BatchState } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';

export interface PollBatchesInput {
  readonly account: string;
  readonly batchIds: readonly string[];
}

export interface PolledBatches {
  readonly batches: readonly BatchState[];
  /** Milliseconds after which no operation of a batch that is gone can be running any longer. */
  readonly longestRequestMs: number;
  readonly requests: number;
}

/** Reads the state of all batches in flight once. The wait between two polls is a timer of the workflow. */
export function createPollBatches(dependencies: ActivityDependencies) {
  return async function pollBatches(input: PollBatchesInput): Promise<PolledBatches> {
    return exportStep(dependencies, input, async ({ openAccount }) => {
      const account = await openAccount();
      const batches = await account.batches(input.batchIds);
      return { batches, longestRequestMs: account.longestRequestMs, requests: account.requests() };
    });
  };
}
