import { condition, sleep } from '@temporalio/workflow';
import type { CollectedPart } from '../../activities/collect-part';
import type { PolledBatches } from '../../activities/poll-batches';
import { sendDirectly, sendPartDirectly } from './direct-lane';
import { chooseLane } from './choose-lane';
import { withRetry, waitWhilePaused } from './retry';
import { pollInterval } from './poll-interval';
import {
  chunksOf,
  inFlight,
  inFlightRows,
  nameOf,
  refreshDetails,
  toDelivery,
  continueAsNewWhenLong,
  type PartState,
  type Run,
} from './run';

const MINUTE_MS = 60_000;

/**
 * A batch that shows nothing new for so long, while none of ours does or a later one has finished, is given up for the direct lane:
 * soon where either lane will do, late where batches were asked for (Mailchimp may take hours over its queue).
 */
const PATIENCE_MS = { auto: 30 * MINUTE_MS, direct: 30 * MINUTE_MS, batch: 240 * MINUTE_MS } as const;

/** How long a deleted batch may still be listed before its rows are left without proof. */
const DELETION_MS = 10 * MINUTE_MS;

/** Mailchimp's longest request (120 s) and a little, until a look has told what the account is configured for. */
const MAX_REQUEST_MS = 130_000;

/** @returns false when the part cannot go as a batch: whether an earlier try has arrived will not become known */
export async function submit(run: Run, part: PartState): Promise<boolean> {
  for (;;) {
    const { batchId, waitMs, batch, requests } = await withRetry(run, () => submitOnce(run, part));
    run.requests += requests;
    if (batchId !== null) {
      run.batches += 1;
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
    await sleep(waitMs, { summary: `${nameOf(part, run)}: the reply was lost; is its batch there?` });
  }
}

async function submitOnce(run: Run, part: PartState) {
  const { ref, account } = run.input;
  await waitWhilePaused(run);
  const isNext = inFlight(run).length === 0;
  return run.steps.long['mailchimp.submitPart'].executeWithOptions(
    { summary: `${nameOf(part, run)}: submit ${part.plan.rows} changes` },
    [{ ref, account, delivery: toDelivery(run), part: part.plan, isNext }],
  );
}

export function hasEnded({ batch, isGivenUp }: PartState): boolean {
  return isGivenUp || batch?.status === 'finished' || batch?.status === 'gone';
}

/** Reads the part's results; chunks that came back without proof are sent again directly. */
export async function collect(run: Run, part: PartState): Promise<CollectedPart> {
  const { plan, batchId, batch } = part;
  if (part.isGivenUp) return unproven(part);
  if (batchId === null || batch?.status === 'gone') {
    await sleep(run.longestRequestMs ?? MAX_REQUEST_MS, {
      summary: `${nameOf(part, run)}: its batch is gone; let its last request end`,
    });
    return sendPartDirectly(run, part);
  }
  const { ref, account, statusIfNew } = run.input;
  const collected = await withRetry(run, () =>
    run.steps.long['mailchimp.collectPart'].executeWithOptions(
      { summary: `${nameOf(part, run)}: read results` },
      [{ ref, account, batchId, statusIfNew, part: plan }],
    ),
  );
  run.requests += collected.requests;
  // Who was resubscribed stops the export before anything else is sent.
  if (collected.troubled.length === 0 || collected.resubscribed > 0) return collected;
  return sendDirectly(run, part, collected.troubled);
}

/** Its batch may still run, so its rows can neither be sent again nor be told: they stay exposed, and the next export deals with them. */
function unproven({ plan }: PartState): CollectedPart {
  const { part, rows } = plan;
  const nothing = { acknowledged: 0, refused: 0, resubscribed: 0, troubled: [], requests: 0 };
  return { part, rows, unproven: rows, ...nothing };
}

/** One short look at all batches in flight, then a timer; so no slot is held while Mailchimp works. */
export async function watchBatches(run: Run, isOver: () => boolean): Promise<void> {
  const isIdle = () => isOver() || run.isContinuingAsNew;
  let looks = 0;
  for (;;) {
    await condition(() => inFlight(run).length > 0 || isIdle());
    continueAsNewWhenLong(run);
    if (isIdle()) return;
    await condition(isIdle, untilNextLook(run, looks), { summary: 'Until the next look at the batches' });
    if (isIdle()) return;
    const before = inFlight(run).length;
    await look(run);
    looks = inFlight(run).length < before ? 0 : looks + 1;
    await giveUpStuck(run);
    const seen = { asked: run.input.options.lane, nowMs: Date.now(), inFlight: inFlightRows(run) };
    run.lanes = run.lanes && chooseLane(run.lanes, seen);
    refreshDetails(run);
  }
}

const UNSEEN = { total: 0, finished: 0 };

function untilNextLook(run: Run, looks: number): number {
  const answered = run.parts.filter(
    (part) => part.lane === 'batch' && (part.done !== null || hasEnded(part)),
  );
  return pollInterval({
    batches: inFlight(run).map(({ batch }) => batch ?? UNSEEN),
    answered: answered.flatMap(chunksOf).length,
    sinceMs: Date.now() - firstSubmissionMs(run),
    looks,
  });
}

/** Not of the delivery: it begins with a request that is no batch, and may be long. */
function firstSubmissionMs(run: Run): number {
  return Math.min(...run.parts.flatMap(({ lane, submittedAtMs }) => (lane === 'batch' ? submittedAtMs : [])));
}

async function look(run: Run): Promise<void> {
  const parts = inFlight(run);
  if (parts.length > 0) takeLook(run, parts, await withRetry(run, () => askBatches(run, parts)));
}

function askBatches(run: Run, parts: readonly PartState[]) {
  const batchIds = parts.flatMap(({ batchId }) => batchId ?? []);
  const summary = `Look at the ${batchIds.length === 1 ? 'batch' : `${batchIds.length} batches`} at Mailchimp`;
  const input = { account: run.input.account, batchIds };
  return run.steps.short['mailchimp.pollBatches'].executeWithOptions({ summary }, [input]);
}

function takeLook(run: Run, parts: readonly PartState[], looked: PolledBatches): void {
  run.requests += looked.requests;
  run.longestRequestMs = looked.longestRequestMs;
  for (const part of parts) {
    const seen = looked.batches.find(({ batchId }) => batchId === part.batchId);
    if (!seen) continue;
    if (seen.status !== part.batch?.status || seen.finished !== part.batch.finished)
      part.progressAtMs = Date.now();
    part.batch = seen;
  }
}

/** Deletes what does not move any more. Once Mailchimp does not know such a batch any longer, its part goes directly. */
async function giveUpStuck(run: Run): Promise<void> {
  const now = Date.now();
  for (const part of inFlight(run))
    if (part.deletedAtMs !== null && now - part.deletedAtMs > DELETION_MS) part.isGivenUp = true;
  const stuck = inFlight(run).filter((part) => part.deletedAtMs === null && isStuck(run, part, now));
  if (stuck.length === 0) return;
  const batchIds = stuck.flatMap(({ batchId }) => batchId ?? []);
  const summary = `Delete ${batchIds.length} batches that do not move: their parts go directly`;
  const { requests } = await withRetry(run, () =>
    run.steps.short['mailchimp.deleteBatches'].executeWithOptions({ summary }, [
      { account: run.input.account, batchIds },
    ]),
  );
  run.requests += requests;
  for (const part of stuck) part.deletedAtMs = Date.now();
}

function isStuck(run: Run, part: PartState, now: number): boolean {
  const patienceMs = PATIENCE_MS[run.input.options.lane];
  if (now - part.progressAtMs < patienceMs) return false;
  const isOvertaken = run.parts.some(
    (other) => other.lane === 'batch' && other.done !== null && other.submittedAtMs > part.submittedAtMs,
  );
  return isOvertaken || inFlight(run).every(({ progressAtMs }) => now - progressAtMs >= patienceMs);
}

/**
 * After a cancellation or a failure: reads what is finished, deletes the rest at Mailchimp. Best effort and without patience, since
 * the provider may be what failed; rows without results count as unproven and are sent again by the next export.
 */
export async function abandon(run: Run): Promise<void> {
  const { account, ref, statusIfNew } = run.input;
  try {
    const parts = inFlight(run);
    if (parts.length > 0) takeLook(run, parts, await askBatches(run, parts));
    for (const part of run.parts) {
      if (part.batchId === null || part.done !== null || part.batch?.status !== 'finished') continue;
      const input = { ref, account, batchId: part.batchId, statusIfNew, part: part.plan };
      const { acknowledged, refused, unproven, requests } =
        await run.steps.long['mailchimp.collectPart'](input);
      part.done = { acknowledged, refused, unproven };
      run.requests += requests;
    }
    const batchIds = inFlight(run).flatMap(({ batchId }) => batchId ?? []);
    if (batchIds.length === 0) return;
    run.requests += (await run.steps.short['mailchimp.deleteBatches']({ account, batchIds })).requests;
  } catch {
    // The provider or the store is away; settling says what is unproven.
  }
}
