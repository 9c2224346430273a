import type { ExportRef } from '../contract/identifiers';
import type { Delivery } from '../contract/mailchimp';
import type { PartPlan, RowResult } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import type { CollectedPart } from './collect-part';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

export interface SendChunksInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly part: PartPlan;
  readonly chunks: readonly number[];
}

/**
 * Sends chunks of a part directly, one request each, and seals what the replies said of every row. A retry goes on at the first
 * chunk without a sealed answer; the request that was cut off is repeated, which upserts and append-only tags bear.
 */
export function createSendChunks({ staging, openAccount }: ActivityDependencies) {
  return async function sendChunks(input: SendChunksInput): Promise<CollectedPart> {
    const { ref, delivery, part, chunks } = input;
    return withHeartbeat((pulse) =>
      duringExport(async () => {
        const account = await openAccount(input.account);
        await staging.recordAttempt(ref, part.part);
        for (const [index, chunk] of chunks.entries()) {
          pulse.throwIfCancelled();
          pulse.tell({ chunks: index, of: chunks.length });
          if (await staging.hasResults(ref, `chunk-${chunk}`)) continue;
          const rows = await staging.readChunk(ref, chunk);
          await staging.checkClaim(ref);
          const results = await account.sendChunk(delivery, rows);
          await staging.sealResults(ref, `chunk-${chunk}`, stream(results));
        }
        return { ...(await staging.summarisePart(ref, part.part)), requests: account.requests() };
      }),
    );
  };
}

async function* stream(rows: readonly RowResult[]): AsyncGenerator<RowResult> {
  yield* rows;
}
