import type { ExportRef } from '../contract/identifiers';
import { isProtectedStatus } from '../contract/outcome';
import {
  chunkKey,
  lookupKey,
  partKey,
  type Chunk,
  type PartPlan,
  type RowResult,
  type UpsertRow,
} from '../contract/plan';
import { isResubscribed, wasBefore } from '../contract/resubscribed';
import { classified } from '../contract/row-class';
import type { Delivery, MailchimpAccount } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import type { Heartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';
import { leftMembers } from './rules/left-members';

export interface FindResubscribedInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly parts: readonly PartPlan[];
}

export interface FoundResubscribed {
  readonly resubscribed: number;
  /** Every member in question was read, so that the number is the whole truth. */
  readonly isComplete: boolean;
  readonly requests: number;
}

/** Each is a request. Of more members, the rest stays unknown. */
const MAX_LOOKUPS = 5_000;

/**
 * Counts the contacts that an export has resubscribed. Reads singly who had opted out or was archived, is in a chunk that may have been
 * sent, and has no answer. A retry reads those that it has not recorded.
 */
export function createFindResubscribed(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function findResubscribed(input: FindResubscribedInput): Promise<FoundResubscribed> {
    const { ref, delivery, parts } = input;
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      const left = leftMembers([], await staging.readLeft(ref));
      let resubscribed = 0;
      let lookups = 0;
      for (const part of parts) {
        if ((await staging.listAttempts(ref, part.part)).length === 0) continue;
        const resultsOf = await readResults(staging, ref, part);
        for (let number = part.firstChunk; number <= part.lastChunk; number++) {
          const results = await resultsOf(number);
          resubscribed += results.filter((row) => row.class === 'resubscribed').length;
          const chunk = await staging.readChunk(ref, number);
          const rows = inQuestion(left.withStatuses(chunk), results);
          const read = rows.slice(0, MAX_LOOKUPS - lookups);
          lookups += rows.length;
          const found = await lookUp({ account, delivery, heartbeat }, read);
          if (found.length === 0) continue;
          resubscribed += found.length;
          await staging.sealResults(ref, lookupKey(number), [
            { chunk, results: found.map((row) => ({ chunk: number, ...row })) },
          ]);
        }
      }
      return { resubscribed, isComplete: lookups <= MAX_LOOKUPS, requests: account.requests() };
    });
  };
}

/** A chunk that was also sent directly has its own results. */
async function readResults(
  staging: ActivityDependencies['staging'],
  ref: ExportRef,
  part: PartPlan,
): Promise<(chunk: number) => Promise<readonly RowResult[]>> {
  const key = partKey(part.part);
  const ofPart = (await staging.hasResults(ref, key)) ? await staging.readResults(ref, key) : [];
  return async (chunk) => {
    for (const own of [lookupKey(chunk), chunkKey(chunk)])
      if (await staging.hasResults(ref, own)) return staging.readResults(ref, own);
    return ofPart.filter((row) => row.chunk === chunk);
  };
}

function inQuestion(chunk: Chunk, results: readonly RowResult[]): readonly UpsertRow[] {
  if (chunk.kind === 'untag') return [];
  const answered = new Set(
    results.flatMap(({ email, result, class: name }) =>
      result === 'unproven' && name !== 'resubscribed' ? [] : [email],
    ),
  );
  return chunk.rows.filter(
    ({ email, status }) => status !== null && isProtectedStatus(status) && !answered.has(email),
  );
}

interface Looking {
  readonly account: MailchimpAccount;
  readonly delivery: Delivery;
  readonly heartbeat: Heartbeat;
}

async function lookUp(
  { account, delivery: { audienceId, statusIfNew }, heartbeat }: Looking,
  rows: readonly UpsertRow[],
): Promise<readonly Omit<RowResult, 'chunk'>[]> {
  const found = await mapAtOnce(rows, account.connections(), async (row) => {
    heartbeat.throwIfCancelled();
    const member = await account.readMember(audienceId, row.email);
    if (!member || !isResubscribed(row, { status: member.status, isNew: false, statusIfNew })) return [];
    const judged = { ...classified('resubscribed'), status: member.status, text: wasBefore(row) };
    // Woken is not proven to be as it was sent.
    return [{ email: row.email, ...judged, result: 'unproven' as const }];
  });
  return found.flat();
}
