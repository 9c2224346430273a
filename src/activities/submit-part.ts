import type { ExportRef } from '../contract/identifiers';
import type { BatchOperation, Delivery } from '../contract/mailchimp';
import type { PartPlan } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

export interface SubmitPartInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly part: PartPlan;
}

export interface SubmittedPart {
  readonly batchId: string;
  readonly requests: number;
}

/**
 * Sends one part to Mailchimp as a batch. The attempt is recorded before the request leaves, so that rows whose reply was lost
 * are known as perhaps sent. A retry after a lost reply submits the part once more: upserts and append-only tags bear it.
 */
export function createSubmitPart({ staging, openAccount, chunkOperation }: ActivityDependencies) {
  return async function submitPart(input: SubmitPartInput): Promise<SubmittedPart> {
    const { ref, delivery, part } = input;
    return withHeartbeat(() =>
      duringExport(async () => {
        const earlier = await staging.readBatch(ref, part.part);
        if (earlier !== undefined) return { batchId: earlier, requests: 0 };
        const account = await openAccount(input.account);
        const attempt = await staging.recordAttempt(ref, part.part);
        const operations: BatchOperation[] = [];
        for (let chunk = part.firstChunk; chunk <= part.lastChunk; chunk++) {
          const operationId = `${ref.exportId}/${part.part}/${chunk}/${attempt}`;
          operations.push(chunkOperation(delivery, await staging.readChunk(ref, chunk), operationId));
        }
        await staging.checkClaim(ref);
        const batchId = await account.submitBatch(operations);
        await staging.recordBatch(ref, part.part, batchId);
        return { batchId, requests: account.requests() };
      }),
    );
  };
}

export interface OperationName {
  readonly exportId: string;
  readonly part: number;
  readonly chunk: number;
}

/** Undefined for the id of an operation that is not ours. */
export function parseOperationId(operationId: string | null): OperationName | undefined {
  const [, exportId, part, chunk] = /^([^/]+)\/(\d+)\/(\d+)\/\d+$/.exec(operationId ?? '') ?? [];
  if (exportId === undefined || part === undefined || chunk === undefined) return undefined;
  return { exportId, part: Number(part), chunk: Number(chunk) };
}
