import type { ExportRef } from '../contract/identifiers';
import type { Delivery, MailchimpAccount } from '../ports/mailchimp';
import { chunkKey, sizeOf, type Chunk, type PartPlan, type RowResult } from '../contract/plan';
import { attemptDirectly } from './attempt-part';
import type { ActivityDependencies } from './dependencies';
import type { CollectedPart } from './collect-part';
import { exportStep } from './export-step';
import type { Heartbeat } from './heartbeat';
import { refuseOverLimit } from './rules/contact-limit';
import { type LeftMembers, readLeftMembers } from './rules/left-members';
import { createLookup, type Lookup } from './rules/lookup';
import { withholdSuppressed } from './rules/suppressed';

export interface SendChunksInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly part: PartPlan;
  readonly chunks: readonly number[];
  /** Maximum of members to read one by one for rows that a reply does not name. */
  readonly lookups: number;
  /** Requests that the export still needs, about. Undefined in inputs of version 0.4.0. */
  readonly requests?: number;
}

export interface SentChunks extends CollectedPart {
  /** Number of members that were read. */
  readonly lookups: number;
}

/** Chunks that are read or accounted for while others are in flight, so that no connection waits for the worker. */
const AHEAD = 3;

/**
 * Sends chunks of a part directly, one request each, several at a time, and seals the row results. A retry sends the chunks without sealed
 * results; a chunk that was applied is sent again, which ends in the same state. A reply that shows a resubscribed member stops the step
 * before the next request.
 */
export function createSendChunks(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function sendChunks(input: SendChunksInput): Promise<SentChunks> {
    const { ref, part, chunks } = input;
    return exportStep(dependencies, input, async (step) => {
      const account = await step.openAccount();
      const lookup = createLookup(account, input);
      await attemptDirectly({ staging, step, account, ref, part: part.part }, async (isRepeated) =>
        sendAll(
          {
            staging,
            input,
            account,
            lookup,
            heartbeat: step.heartbeat,
            left: await readLeftMembers({ staging, account, ref, delivery: input.delivery }),
            suppressed: new Set(await staging.suppressedSincePlan(ref, part.part)),
            isRepeated,
          },
          chunks,
        ),
      );
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
  readonly heartbeat: Heartbeat;
  readonly left: LeftMembers;
  readonly suppressed: ReadonlySet<string>;
  /** An earlier attempt at the part may have arrived. */
  readonly isRepeated: boolean;
}

async function sendAll(sending: Sending, chunks: readonly number[]): Promise<void> {
  const { account, heartbeat } = sending;
  const queue = chunks.values();
  let done = 0;
  let isOver = false;

  async function seal({ chunk, results }: Answer): Promise<void> {
    const { ref } = sending.input;
    if (chunk) await sending.staging.sealResults(ref, chunkKey(chunk.chunk), [{ chunk, results }]);
    done += 1;
    heartbeat.report({ chunks: done, of: chunks.length });
  }

  async function work(): Promise<void> {
    let sealing = Promise.resolve();
    try {
      for (const chunk of queue) {
        if (isOver) return;
        heartbeat.throwIfCancelled();
        const answer = await sendOne(sending, chunk);
        if (showResubscribed(answer.results)) isOver = true;
        // While the next request is sent: a connection must not wait for the disk. An answer is sealed even if the one before was not.
        const before = sealing;
        sealing = seal(answer);
        sealing.catch(() => {
          isOver = true;
        });
        await before;
      }
    } finally {
      await sealing;
    }
  }

  const workers = Array.from({ length: account.connections() + AHEAD }, () =>
    work().catch((error: unknown) => {
      isOver = true;
      throw error;
    }),
  );
  // Waits for all: when one fails, the results of the chunks in flight are sealed before the step ends.
  for (const end of await Promise.allSettled(workers)) if (end.status === 'rejected') throw end.reason;
}

interface Answer {
  /** Null: its results are sealed already. */
  readonly chunk: Chunk | null;
  readonly results: readonly RowResult[];
}

async function sendOne(sending: Sending, number: number): Promise<Answer> {
  const { staging, input, account, lookup, left, suppressed, isRepeated } = sending;
  const { ref, delivery } = input;
  const key = chunkKey(number);
  // Read, not skipped: they may show a resubscribed member. Only an earlier attempt has left any.
  if (isRepeated && (await staging.hasResults(ref, key)))
    return { chunk: null, results: await staging.readResults(ref, key) };
  const whole = await staging.readChunk(ref, number);
  const known = left.withStatuses(whole);
  const { chunk, withheld: unsent } = withholdSuppressed(left.withhold(known), suppressed);
  const withheld = isRepeated ? await lookup.settleWithheld(known, unsent) : unsent;
  if (sizeOf(chunk) === 0) return { chunk: whole, results: withheld };
  // Looked up before the next request leaves: a look-up may show a resubscribed member as well.
  const results = await lookup.settle(chunk, await account.sendChunk(delivery, chunk));
  refuseOverLimit(results);
  return { chunk: whole, results: [...results, ...withheld] };
}

const showResubscribed = (results: readonly RowResult[]): boolean =>
  results.some((row) => row.class === 'resubscribed');
