import { condition, sleep } from '@temporalio/workflow';
import type { CollectedPart } from '../../activities/collect-part';
import type { PolledBatches } from '../../activities/poll-batches';
import { sendDirectly, sendPartDirectly } from './direct-lane';
import { backOffMs } from '../back-off';
import { chooseLane } from './choose-lane';
import { pollInterval } from './poll-interval';
import { attemptStep, runStep, type StepCall } from './run-step';
import { recordBatch } from '../metrics';
import {
  chunksOf,
  hasEnded,
  inFlight,
  inFlightRows,
  isFinalizing,
  nameOf,
  refreshDetails,
  toDelivery,
  continueAsNewWhenLong,
  type PartState,
  type Run,
} from './run';

const MINUTE_MS = 60_000;

/**
 * Time without progress after which a batch is given up for the direct lane, if no batch of this export advances or a later one has
 * finished. It is long when the user forced batches: Mailchimp may take hours over its queue.
 */
const STUCK_AFTER_MS = { auto: 30 * MINUTE_MS, direct: 30 * MINUTE_MS, batch: 240 * MINUTE_MS } as const;

/** Mailchimp compiles results in seconds or minutes; where it took hours, it has never ended. */
const FINALIZING_MS = 10 * MINUTE_MS;

/** How long a deleted batch may still be listed before an export no longer waits for it. */
export const DELETION_MS = 10 * MINUTE_MS;

/** Mailchimp's longest request (120 s) plus a margin, until a poll reports what the account is configured for. */
const MAX_REQUEST_MS = 130_000;

/** A lost batch is found or given up within half an hour: so often costs few events. */
const MAX_LOST_POLL_MS = 2 * MINUTE_MS;

/** @returns false when the part cannot travel as a batch, since it will stay unknown whether an earlier attempt has arrived */
export async function submit(run: Run, part: PartState): Promise<boolean> {
  const { ref, account } = run.input;
  for (let round = 1; ; round++) {
    const askedAtMs = Date.now();
    const { batchId, waitMs, batch } = await runStep(run, 'mailchimp.submitPart', {
      summary: `${nameOf(part, run)}: submit ${part.plan.rows} changes`,
      input: () => {
        const isNext = inFlight(run).length === 0;
        return { ref, account, delivery: toDelivery(run), part: part.plan, isNext };
      },
    });
    if (batchId !== null) {
      run.record.batches += 1;
      // Its first polls are part of the step.
      if (batch?.status === 'finished') recordBatch(ref.destinationId, (Date.now() - askedAtMs) / 1000);
      Object.assign(part, {
        batchId,
        batch,
        lane: 'batch',
        submittedAtMs: Date.now(),
        progressAtMs: Date.now(),
      });
      refreshDetails(run);
      return true;
    }
    if (waitMs === null) return false;
    await sleep(Math.max(waitMs, Math.min(backOffMs(round), MAX_LOST_POLL_MS)), {
      summary: `${nameOf(part, run)}: the reply was lost; wait before looking for its batch`,
    });
  }
}

/** Reads the part's results; chunks without proof are sent again directly. */
export async function collect(run: Run, part: PartState): Promise<CollectedPart> {
  const { batchId, batch } = part;
  if (part.isGivenUp) return unproven(part);
  if (batchId === null || batch?.status === 'gone') {
    await sleep(run.record.longestRequestMs ?? MAX_REQUEST_MS, {
      summary: `${nameOf(part, run)}: its batch is gone; wait until its last request has ended`,
    });
    return sendPartDirectly(run, part);
  }
  const collected = await runStep(run, 'mailchimp.collectPart', collectCall(run, part, batchId));
  // A resubscribed contact stops the export before the next request.
  if (collected.troubled.length === 0 || collected.resubscribed > 0) return collected;
  return sendDirectly(run, part, collected.troubled);
}

function collectCall(run: Run, part: PartState, batchId: string): StepCall<'mailchimp.collectPart'> {
  const { ref, account } = run.input;
  return {
    summary: `${nameOf(part, run)}: read results`,
    input: () => ({ ref, account, batchId, ...toDelivery(run), part: part.plan }),
  };
}

/** The batch may still run, so its rows can be neither sent again nor accounted for: the next export resolves them. */
function unproven({ plan }: PartState): CollectedPart {
  const { part, rows } = plan;
  const nothing = { acknowledged: 0, refused: 0, resubscribed: 0, troubled: [], requests: 0 };
  return { part, rows, unproven: rows, ...nothing };
}

/** Polls all batches in flight by one short step, then waits by a timer: no activity slot is occupied while Mailchimp works. */
export async function watchBatches(run: Run, isOver: () => boolean): Promise<void> {
  const isIdle = () => isOver() || run.isContinuingAsNew;
  let polls = 0;
  for (;;) {
    await condition(() => inFlight(run).length > 0 || isIdle());
    continueAsNewWhenLong(run);
    if (isIdle()) return;
    const waitMs = untilNextPoll(run, polls);
    const newest = lastSubmissionMs(run);
    // A later batch must not wait as long as one that is hours old. A short wait is not worth the events of another timer.
    const isOutdated = () => run.isSince040 && waitMs > MINUTE_MS && lastSubmissionMs(run) > newest;
    const why = { summary: 'Until the next poll of the batches' };
    const isInterrupted = await condition(() => isIdle() || isOutdated(), waitMs, why);
    if (isIdle()) return;
    if (isInterrupted) continue;
    const before = inFlight(run).length;
    await pollOnce(run);
    polls = inFlight(run).length < before ? 0 : polls + 1;
    await giveUpStuck(run);
    const seen = { requested: run.input.options.lane, nowMs: Date.now(), inFlight: inFlightRows(run) };
    run.record.lanes = run.record.lanes && chooseLane(run.record.lanes, seen);
    refreshDetails(run);
  }
}

const UNSEEN = { total: 0, finished: 0 };

function untilNextPoll(run: Run, polls: number): number {
  const { parts } = run.record;
  const answered = parts.filter((part) => part.lane === 'batch' && (part.done !== null || hasEnded(part)));
  const open = inFlight(run);
  const untilGivenUp = open.map((part) => givenUpAtMs(run, part) - Date.now());
  return pollInterval({
    batches: open.map(({ batch }) => batch ?? UNSEEN),
    answered: answered.flatMap(chunksOf).length,
    elapsedMs: Math.max(0, Date.now() - firstSubmissionMs(run) - (run.record.outageMs ?? 0)),
    ageMs: Date.now() - lastSubmissionMs(run),
    quietMs: Date.now() - Math.max(...open.map(({ progressAtMs }) => progressAtMs)),
    polls,
    isClosing: open.some((part) => part.deletedAtMs !== null || isFinalizing(part)),
    // A batch that is overdue is given up when none of the others advances any longer.
    givesUpInMs: Math.min(...untilGivenUp.filter((ms) => ms > 0)),
  });
}

/** When the part is due for `giveUpStuck`. */
function givenUpAtMs({ input, isSince040 }: Run, part: PartState): number {
  if (part.deletedAtMs !== null) return part.deletedAtMs + DELETION_MS;
  const stuckAfterMs = isSince040 && isFinalizing(part) ? FINALIZING_MS : STUCK_AFTER_MS[input.options.lane];
  return part.progressAtMs + stuckAfterMs;
}

/** Not the start of delivery: the canary comes before the first batch, and can take long. */
function firstSubmissionMs({ record }: Run): number {
  return Math.min(
    ...record.parts.flatMap(({ lane, submittedAtMs }) => (lane === 'batch' ? submittedAtMs : [])),
  );
}

/** Of the batches in flight. */
function lastSubmissionMs(run: Run): number {
  return Math.max(0, ...inFlight(run).map(({ submittedAtMs }) => submittedAtMs));
}

async function pollOnce(run: Run): Promise<void> {
  const parts = inFlight(run);
  if (parts.length === 0) return;
  applyPoll(run, parts, await runStep(run, 'mailchimp.pollBatches', pollCall(run, parts)));
}

function pollCall({ input }: Run, parts: readonly PartState[]): StepCall<'mailchimp.pollBatches'> {
  const batchIds = batchIdsOf(parts);
  return {
    summary: `Poll ${batchIds.length === 1 ? 'the batch' : `${batchIds.length} batches`} at Mailchimp`,
    input: () => ({ account: input.account, batchIds }),
  };
}

function batchIdsOf(parts: readonly PartState[]): string[] {
  return parts.flatMap(({ batchId }) => batchId ?? []);
}

function applyPoll(run: Run, parts: readonly PartState[], polled: PolledBatches): void {
  run.record.longestRequestMs = polled.longestRequestMs;
  for (const part of parts) {
    const seen = polled.batches.find(({ batchId }) => batchId === part.batchId);
    if (!seen) continue;
    if (seen.status !== part.batch?.status || seen.finished !== part.batch.finished)
      part.progressAtMs = Date.now();
    if (seen.status === 'finished' && part.batch?.status !== 'finished')
      recordBatch(run.input.ref.destinationId, (Date.now() - part.submittedAtMs) / 1000);
    part.batch = seen;
  }
}

/** Deletes batches that make no progress. When Mailchimp no longer knows such a batch, its part is sent directly. */
async function giveUpStuck(run: Run): Promise<void> {
  const now = Date.now();
  for (const part of inFlight(run))
    if (part.deletedAtMs !== null && now - part.deletedAtMs > DELETION_MS) part.isGivenUp = true;
  const stuck = inFlight(run).filter((part) => part.deletedAtMs === null && isStuck(run, part, now));
  if (stuck.length === 0) return;
  const call = deleteCall(run, stuck, 'without progress: their parts will be sent directly');
  await runStep(run, 'mailchimp.deleteBatches', call);
  for (const part of stuck) part.deletedAtMs = Date.now();
}

function deleteCall(
  { input }: Run,
  parts: readonly PartState[],
  which: string,
): StepCall<'mailchimp.deleteBatches'> {
  const batchIds = batchIdsOf(parts);
  return {
    summary: `Delete ${batchIds.length} batches ${which}`,
    input: () => ({ account: input.account, batchIds }),
  };
}

function isStuck(run: Run, part: PartState, now: number): boolean {
  if (now < givenUpAtMs(run, part)) return false;
  // All of it is applied: to send it again directly costs requests, and ends in the same state.
  if (run.isSince040 && isFinalizing(part)) return true;
  const stuckAfterMs = STUCK_AFTER_MS[run.input.options.lane];
  const isOvertaken = run.record.parts.some(
    (other) => other.lane === 'batch' && other.done !== null && other.submittedAtMs > part.submittedAtMs,
  );
  return isOvertaken || inFlight(run).every(({ progressAtMs }) => now - progressAtMs >= stuckAfterMs);
}

/**
 * The first thing after a cancellation or a failure: what Mailchimp has not run yet must not run. The next export deletes, and waits for,
 * what could not be deleted. @returns whether Mailchimp has answered
 */
export async function deleteInFlight(run: Run): Promise<boolean> {
  const parts = inFlight(run).filter(({ deletedAtMs }) => deletedAtMs === null);
  if (parts.length === 0) return true;
  try {
    const call = deleteCall(run, parts, 'of an export that ends');
    await attemptStep(run, 'mailchimp.deleteBatches', { ...call, briefly: true });
  } catch {
    return false;
  }
  for (const part of parts) part.deletedAtMs = Date.now();
  return true;
}

/**
 * After a cancellation or a failure: deletes batches in flight, then reads those that had finished. Best effort and without retries, since
 * Mailchimp may be what failed; rows without results count as unproven, and the next export sends them again.
 * @returns whether Mailchimp has answered
 */
export async function abandon(run: Run): Promise<boolean> {
  if (!run.isSince040) return abandonFormerly(run);
  if (!(await deleteInFlight(run))) return false;
  for (const part of run.record.parts) {
    if (part.batchId === null || part.done !== null || part.batch?.status !== 'finished') continue;
    try {
      const call = { ...collectCall(run, part, part.batchId), briefly: true };
      const { acknowledged, refused, unproven } = await attemptStep(run, 'mailchimp.collectPart', call);
      part.done = { acknowledged, refused, unproven };
    } catch {
      return false;
    }
  }
  return true;
}

async function abandonFormerly(run: Run): Promise<boolean> {
  try {
    const parts = inFlight(run);
    if (parts.length > 0)
      applyPoll(run, parts, await attemptStep(run, 'mailchimp.pollBatches', pollCall(run, parts)));
    for (const part of run.record.parts) {
      if (part.batchId === null || part.done !== null || part.batch?.status !== 'finished') continue;
      const { acknowledged, refused, unproven } = await attemptStep(
        run,
        'mailchimp.collectPart',
        collectCall(run, part, part.batchId),
      );
      part.done = { acknowledged, refused, unproven };
    }
    const rest = inFlight(run);
    if (rest.length > 0)
      await attemptStep(run, 'mailchimp.deleteBatches', deleteCall(run, rest, 'of an export that ends'));
  } catch {
    // Mailchimp or the store is unavailable; settling counts as unproven what has no results.
    return false;
  }
  return true;
}
