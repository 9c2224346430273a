import type { ExportRef } from '../contract/identifiers';
import type { Delivery, MailchimpAccount } from '../ports/mailchimp';
import { chunkKey, type PartPlan, type RowResult } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import type { CollectedPart } from './collect-part';
import { exportStep } from './export-step';
import type { Pulse } from './heartbeat';
import { createLookup, type Lookup } from './rules/lookup';

export interface SendChunksInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly part: PartPlan;
  readonly chunks: readonly number[];
  /** How many rows that a reply does not name may be looked up singly. */
  readonly lookups: number;
}

export interface SentChunks extends CollectedPart {
  /** Of the rows that might have been looked up, how many were. */
  readonly lookups: number;
}

/** Chunks that are read, or accounted for, while others are on their way: so that no connection waits for the worker. */
const AHEAD = 3;

/**
 * Sends chunks of a part directly, one request each, several at a time, and seals what the replies said of every row. A retry goes
 * on with the chunks without a sealed answer; requests that were cut off are repeated, which upserts and append-only tags bear.
 * Once a reply shows somebody resubscribed, no further chunk leaves.
 */
export function createSendChunks(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function sendChunks(input: SendChunksInput): Promise<SentChunks> {
    const { ref, part, chunks } = input;
    return exportStep(dependencies, input, async ({ openAccount, pulse }) => {
      const account = await openAccount();
      const lookup = createLookup(account, input);
      await staging.recordAttempt(ref, part.part, 'direct');
      await sendAll({ staging, input, account, lookup, pulse }, chunks);
      const summary = await staging.summarisePart(ref, part.part);
      return { ...summary, requests: account.requests(), lookups: lookup.used() };
    });
  };
}

interface Sending {
  readonly staging: ActivityDependencies['staging'];
  readonly input: SendChunksInput;
  readonly account: MailchimpAccount;
  readonly lookup: Lookup;
  readonly pulse: Pulse;
}

async function sendAll(sending: Sending, chunks: readonly number[]): Promise<void> {
  const { account, pulse } = sending;
  const queue = chunks.values();
  let done = 0;
  let isOver = false;

  async function work(): Promise<void> {
    for (const chunk of queue) {
      if (isOver) return;
      pulse.throwIfCancelled();
      const results = await sendOne(sending, chunk);
      done += 1;
      pulse.report({ chunks: done, of: chunks.length });
      if (results.some((row) => row.class === 'resubscribed')) isOver = true;
    }
  }

  const workers = Array.from({ length: account.connections() + AHEAD }, () =>
    work().catch((error: unknown) => {
      isOver = true;
      throw error;
    }),
  );
  // All of them: what is on its way when one fails has its answer sealed before the step ends.
  for (const end of await Promise.allSettled(workers)) if (end.status === 'rejected') throw end.reason;
}

async function sendOne(
  { staging, input, account, lookup }: Sending,
  number: number,
): Promise<readonly RowResult[]> {
  const { ref, delivery } = input;
  const key = chunkKey(number);
  // Read, since what they say may be that nothing more is to be sent.
  if (await staging.hasResults(ref, key)) return staging.readResults(ref, key);
  const chunk = await staging.readChunk(ref, number);
  const results = await lookup.settle(chunk, await account.sendChunk(delivery, chunk));
  await staging.sealResults(ref, key, [{ chunk, results }]);
  return results;
}
