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
import { suppressedResult } from './rules/suppressed';

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
  const suppressedIn = suppressedByAttempt(staging, ref, part.part);
  try {
    for await (const operation of account.batchResults(batchId)) {
      heartbeat.throwIfCancelled();
      const name = parseOperationId(operation.operationId);
      if (!name || name.exportId !== ref.exportId || name.part !== part.part || seen.has(name.chunk))
        continue;
      seen.add(name.chunk);
      const chunk = await staging.readChunk(ref, name.chunk);
      yield {
        chunk,
        results: resultsOf(chunk, operation, {
          statusIfNew,
          left,
          suppressed: await suppressedIn(name.attempt),
        }),
      };
      heartbeat.report({ chunks: seen.size, of: part.lastChunk - part.firstChunk + 1 });
    }
  } catch (error) {
    if (!areResultsUnavailable(error) || activityInfo().attempt < STEP_ATTEMPTS) throw error;
    // An archive that cannot be read whole: the chunks without a result are sent again directly.
  }
}

/** What an attempt has left out of its batch. A batch is of one attempt. */
function suppressedByAttempt(staging: ActivityDependencies['staging'], ref: ExportRef, part: number) {
  const known = new Map<number, ReadonlySet<string>>();
  return async (attempt: number): Promise<ReadonlySet<string>> => {
    const found = known.get(attempt) ?? new Set(await staging.readWithheld(ref, { part, attempt }));
    known.set(attempt, found);
    return found;
  };
}

interface Accounting {
  readonly statusIfNew: string;
  readonly left: LeftMembers;
  readonly suppressed: ReadonlySet<string>;
}

/** A row that the reply does not name was not sent if its member had left by then, or if the attempt has left it out. */
function resultsOf(
  chunk: Chunk,
  operation: OperationResult,
  { statusIfNew, left, suppressed }: Accounting,
): readonly RowResult[] {
  const withheld = new Map(left.withhold(chunk).withheld.map((row) => [row.email, row]));
  return accountFor(left.withStatuses(chunk), operation, statusIfNew).map((row) =>
    row.class === 'no_answer' ? (withheld.get(row.email) ?? orSuppressed(row, suppressed)) : row,
  );
}

function orSuppressed(row: RowResult, suppressed: ReadonlySet<string>): RowResult {
  return suppressed.has(row.email) ? suppressedResult(row.chunk, row.email) : row;
}
