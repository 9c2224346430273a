import type { ExportRef } from '../contract/identifiers';
import type { BatchOperation, BatchState, Delivery, MailchimpAccount } from '../ports/mailchimp';
import { sizeOf, type PartPlan, type Write } from '../contract/plan';
import type { Staging } from '../ports/staging';
import { ExportError } from '../errors';
import { chunkOperation } from '../mailchimp/operations';
import { isSuperseded, leaveOpen } from './attempt-part';
import type { ActivityDependencies } from './dependencies';
import { exportStep, type ExportStep } from './export-step';
import { firstPolls } from './first-polls';
import { readLeftMembers } from './rules/left-members';
import { findLostBatch } from './rules/lost-batch';
import { operationId } from './rules/operation-id';
import { withholdSuppressed } from './rules/suppressed';

export interface SubmitPartInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  readonly part: PartPlan;
  /** No other batch of the export is in flight: this one may finish within a second, and is polled before the step ends. */
  readonly isNext: boolean;
}

export interface SubmittedPart {
  /** Null: not submitted, or not known to be. */
  readonly batchId: string | null;
  /** Without a batch: milliseconds until the step is to run again; null: the part has to be sent directly. */
  readonly waitMs: number | null;
  /** Its batch at the last poll; null: not polled. */
  readonly batch: BatchState | null;
  readonly requests: number;
}

/**
 * Submits one part to Mailchimp as a batch. Records the attempt before the request, so that rows whose reply is lost count as possibly sent.
 * A retry after a lost reply looks for the batch first, and waits as long as it may still appear.
 */
export function createSubmitPart(dependencies: ActivityDependencies) {
  return async function submitPart(input: SubmitPartInput): Promise<SubmittedPart> {
    return exportStep(dependencies, input, async (step) => {
      const { account, batchId, waitMs } = await dependencies.withPartInMemory(input.account, () =>
        submitOnce(dependencies, input, step),
      );
      const isPolled = account !== null && batchId !== null && input.isNext;
      const batch = isPolled ? await firstPolls(account, batchId, step.heartbeat) : null;
      return { batchId, waitMs, batch, requests: account?.requests() ?? 0 };
    });
  };
}

/** `account` is null when no request was sent. */
interface Submitted extends Pick<SubmittedPart, 'batchId' | 'waitMs'> {
  readonly account: MailchimpAccount | null;
}

async function submitOnce(
  dependencies: ActivityDependencies,
  input: SubmitPartInput,
  step: ExportStep,
): Promise<Submitted> {
  const { staging } = dependencies;
  const { ref, part } = input;
  // Read only now: another attempt of this step may have submitted the part during a long wait for memory.
  step.heartbeat.throwIfCancelled();
  const earlier = await staging.readBatch(ref, part.part);
  if (earlier !== undefined) return { account: null, batchId: earlier, waitMs: null };
  const account = await step.openAccount();
  const attempts = await staging.listAttempts(ref, part.part);
  if (attempts.length > 0) {
    const lost = await findLostBatch({ account, staging, ref, part, attempts });
    if (lost.kind === 'found') await staging.recordBatch(ref, part.part, lost.batch.batchId);
    if (lost.kind === 'found' || lost.kind === 'never')
      for (const { number, lane } of attempts)
        await staging.endWrite(ref, { part: part.part, attempt: number, lane });
    if (lost.kind !== 'never') {
      return {
        account,
        batchId: lost.kind === 'found' ? lost.batch.batchId : null,
        waitMs: lost.kind === 'wait' ? lost.waitMs : null,
      };
    }
  }
  return { account, batchId: await submit(dependencies, input, { account, step }), waitMs: null };
}

async function submit(
  dependencies: ActivityDependencies,
  input: SubmitPartInput,
  { account, step }: { readonly account: MailchimpAccount; readonly step: ExportStep },
): Promise<string | null> {
  const { staging } = dependencies;
  const { ref, delivery, part } = input;
  const attempt = await staging.recordAttempt(ref, part.part, 'batch');
  const write: Write = { part: part.part, attempt, lane: 'batch' };
  await staging.openWrite(ref, write);
  const left = await readLeftMembers({ staging, account, ref, delivery });
  const suppressed = new Set(await staging.suppressedSincePlan(ref, part.part));
  await staging.recordWithheld(ref, write, [...suppressed]);
  const operations: BatchOperation[] = [];
  for (let number = part.firstChunk; number <= part.lastChunk; number++) {
    const id = operationId(ref, { part: part.part, chunk: number, attempt });
    const { chunk } = withholdSuppressed(left.withhold(await staging.readChunk(ref, number)), suppressed);
    // A lost batch is found by its number of operations: such a part goes directly.
    if (sizeOf(chunk) === 0) return withdraw(staging, ref, write);
    operations.push(chunkOperation(delivery, chunk, id));
  }
  let batchId: string;
  try {
    batchId = await account.submitBatch(operations);
  } catch (error) {
    if (isUnsent(error)) await withdraw(staging, ref, write);
    else await leaveOpen({ staging, step, ref }, write);
    throw error;
  }
  await staging.recordBatch(ref, part.part, batchId);
  // Another attempt may have submitted the part at the same time: the batch that was recorded first is the one to wait for.
  const awaited = (await staging.readBatch(ref, part.part)) ?? batchId;
  const superseded = await step.look().catch((error: unknown) => {
    if (isSuperseded(error)) return error;
    throw error;
  });
  if (superseded || awaited !== batchId) await takeBack(dependencies, input, { write, batchId });
  await staging.endWrite(ref, write);
  if (superseded) throw superseded;
  return awaited;
}

/** Nothing of the attempt was sent. */
async function withdraw(staging: Staging, ref: ExportRef, write: Write): Promise<null> {
  await staging.recordUnsent(ref, write.part, write.attempt);
  await staging.endWrite(ref, write);
  return null;
}

/** Deletes a batch that no export waits for. Some of its operations may have run, and may be running: the next export deals with them. */
async function takeBack(
  { staging, openAccount }: ActivityDependencies,
  { ref, account }: SubmitPartInput,
  { write, batchId }: { readonly write: Write; readonly batchId: string },
): Promise<void> {
  await staging.recordLateWrite(ref, write, batchId);
  try {
    // Without the guard, which lets a superseded export send nothing.
    await (await openAccount(account)).deleteBatch(batchId);
  } catch (error) {
    // The next export deletes it, before it reads anything.
    if (!(error instanceof ExportError)) throw error;
  }
}

/** Classes of a failed request that may have been applied. */
const POSSIBLY_APPLIED: readonly unknown[] = ['reply_lost', 'timeout', 'unreadable', 'server_error'];

function isUnsent(error: unknown): boolean {
  return error instanceof ExportError && !POSSIBLY_APPLIED.includes(error.details['class']);
}
