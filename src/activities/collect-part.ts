import { activityInfo } from '@temporalio/activity';
import { STEP_ATTEMPTS } from '../contract/export';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount, OperationResult } from '../ports/mailchimp';
import {
  partKey,
  type Chunk,
  type ChunkResults,
  type PartPlan,
  type PartSummary,
  type RowResult,
} from '../contract/plan';
import { accountFor } from '../mailchimp/accounting';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import type { Heartbeat } from './heartbeat';
import { type LeftMembers, readLeftMembers } from './rules/left-members';
import { areResultsUnavailable } from './rules/lost-batch';
import { parseOperationId } from './rules/operation-id';

export interface CollectPartInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly batchId: string;
  readonly statusIfNew: string;
  /** Absent in exports of version 0.3.0, as is `since`. */
  readonly audienceId?: string;
  /** As in `Delivery`. */
  readonly since?: number;
  readonly part: PartPlan;
}

/** Counts of a part, with the chunks that have unproven rows. */
export interface CollectedPart extends PartSummary {
  readonly troubled: readonly number[];
  readonly requests: number;
}

/**
 * Reads the results of a finished batch, accounts for every row of the part and seals the row results. A retry returns the sealed ones.
 */
export function createCollectPart(dependencies: ActivityDependencies) {
  const { staging, withPartInMemory } = dependencies;
  return async function collectPart(input: CollectPartInput): Promise<CollectedPart> {
    const { ref, part } = input;
    // Without `ref`: a superseded export still collects what Mailchimp has answered, so that it is settled as acknowledged.
    return exportStep(dependencies, { account: input.account }, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      const key = partKey(part.part);
      return withPartInMemory(input.account, async () => {
        if (!(await staging.hasResults(ref, key)))
          await staging.sealResults(
            ref,
            key,
            readAnswers(dependencies, input, {
              account,
              heartbeat,
              left: await readLeftMembers({ staging, account, ref, delivery: { audienceId: '', ...input } }),
            }),
          );
        return { ...(await staging.summarisePart(ref, part.part)), requests: account.requests() };
      });
    });
  };
}

interface Reading {
  readonly account: MailchimpAccount;
  readonly heartbeat: Heartbeat;
  readonly left: LeftMembers;
}

async function* readAnswers(
  { staging }: ActivityDependencies,
  { ref, batchId, statusIfNew, part }: CollectPartInput,
  { account, heartbeat, left }: Reading,
): AsyncGenerator<ChunkResults> {
  const seen = new Set<number>();
  try {
    for await (const operation of account.batchResults(batchId)) {
      heartbeat.throwIfCancelled();
      const name = parseOperationId(operation.operationId);
      if (!name || name.exportId !== ref.exportId || name.part !== part.part || seen.has(name.chunk))
        continue;
      seen.add(name.chunk);
      const chunk = await staging.readChunk(ref, name.chunk);
      yield { chunk, results: resultsOf(chunk, operation, { statusIfNew, left }) };
      heartbeat.report({ chunks: seen.size, of: part.lastChunk - part.firstChunk + 1 });
    }
  } catch (error) {
    if (!areResultsUnavailable(error) || activityInfo().attempt < STEP_ATTEMPTS) throw error;
    // An archive that cannot be read whole: the chunks without a result are sent again directly.
  }
}

/** A row that the reply does not name was not sent if its member had left by then. */
function resultsOf(
  chunk: Chunk,
  operation: OperationResult,
  { statusIfNew, left }: { readonly statusIfNew: string; readonly left: LeftMembers },
): readonly RowResult[] {
  const withheld = new Map(left.withhold(chunk).withheld.map((row) => [row.email, row]));
  return accountFor(left.withStatuses(chunk), operation, statusIfNew).map((row) =>
    row.class === 'no_answer' ? (withheld.get(row.email) ?? row) : row,
  );
}
