import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { CollectedPart } from '../../activities/collect-part';
import type { Lane } from '../../contract/plan';
import { ExportError } from '../../errors';
import { HandOver } from '../back-off';
import { reasonOf } from '../failure';
import { attemptStep } from './run-step';
import { abandon, collect, deleteInFlight, submit, watchBatches } from './batch-lane';
import { archivePart, sendCanary, sendPartDirectly } from './direct-lane';
import { chooseLane, isProbing, openLanes, withBegun, withEnded } from './choose-lane';
import {
  chunksOf,
  hasEnded,
  inFlightRows,
  refreshDetails,
  setObstacle,
  toDelivery,
  continueAsNewWhenLong,
  type PartState,
  type Run,
} from './run';

/** Mailchimp may run one batch at a time, but must not wait for the next one while results are read. */
const BATCHES_IN_FLIGHT = 6;

/** A part keeps all connections busy except at its very end; then the next one takes over. */
const DIRECT_IN_FLIGHT = 2;

/**
 * Sends every part that has no outcome: the canary, then all upserts, then all untags, since a contact must be untagged after the
 * request that tags it, then what is to be archived, which is untagged first. Returns early when the run continues as new; fails only when no sending step is open.
 */
export async function deliver(run: Run): Promise<void> {
  await sendCanaries(run);
  for (const kind of ['upsert', 'untag'] as const) {
    const parts = run.record.parts.filter(({ plan, done }) => plan.kind === kind && done === null);
    await deliverParts(run, parts);
    if (run.isContinuingAsNew) return;
  }
  await archiveParts(run);
}

/** One after the other, since each keeps all connections busy. */
async function archiveParts(run: Run): Promise<void> {
  for (const part of run.record.parts) {
    if (part.plan.kind !== 'archive' || part.done !== null) continue;
    continueAsNewWhenLong(run);
    if (run.isContinuingAsNew) return;
    finishPart(run, part, await archivePart(run, part));
  }
}

/**
 * The spare canary, drawn from all over the plan, replaces a first one that Mailchimp refused as a whole. If it is refused as well,
 * Mailchimp takes hardly any contact of this plan, and the rest is sent.
 */
async function sendCanaries(run: Run): Promise<void> {
  const { parts } = run.record;
  const [first] = parts;
  if (!first?.plan.canary || first.done !== null) return;
  const sent = await sendCanary(run, first);
  finishPart(run, first, sent);
  const spare = parts.findLast(({ plan }) => plan.kind === 'upsert');
  if (sent.isBlind && spare?.done === null) finishPart(run, spare, await sendCanary(run, spare));
}

async function deliverParts(run: Run, parts: readonly PartState[]): Promise<void> {
  if (parts.length === 0) return;
  run.record.lanes ??= openLanes(run.input.options.lane, parts.flatMap(chunksOf).length);
  const queue = [...parts];
  let isOver = false;
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const senders = [
      ...Array.from({ length: BATCHES_IN_FLIGHT }, () => sendQueued(run, queue, 'batch')),
      ...Array.from({ length: DIRECT_IN_FLIGHT }, () => sendQueued(run, queue, 'direct')),
    ];
    const all = Promise.all(senders).finally(() => {
      isOver = true;
    });
    const watch = watchBatches(run, () => isOver);
    try {
      await Promise.all([all, watch]);
    } catch (error) {
      scope.cancel();
      const ended = [...senders, watch];
      // At once: a sender that is cancelled may take seconds to notice it.
      if (run.isSince040 && !(error instanceof HandOver)) ended.push(windDown(run, error));
      await Promise.allSettled(ended);
      const isTripwire = error instanceof ExportError && error.code === 'CONSENT_TRIPWIRE';
      throw run.isSince040 && isTripwire
        ? await CancellationScope.nonCancellable(() => counted(run, error))
        : error;
    }
  });
}

async function windDown(run: Run, error: unknown): Promise<void> {
  setObstacle(run, { kind: 'cancelling', failure: isCancellation(error) ? null : reasonOf(error) });
  await CancellationScope.nonCancellable(() => deleteInFlight(run));
}

/** The error with the number of all resubscribed contacts, also of those whose answer was not read. */
async function counted(run: Run, error: ExportError): Promise<ExportError> {
  if (!(await abandon(run))) return error;
  const { ref, account } = run.input;
  const parts = run.record.parts.flatMap(({ plan }) => (plan.kind === 'upsert' ? plan : []));
  try {
    const { resubscribed, isComplete } = await attemptStep(run, 'mailchimp.findResubscribed', {
      summary: 'Count the contacts that were resubscribed',
      input: () => ({ ref, account, delivery: toDelivery(run), parts }),
    });
    return tripwire(run, isComplete ? `${resubscribed}` : `at least ${resubscribed}`);
  } catch {
    return error;
  }
}

function tripwire({ input }: Run, resubscribed: string): ExportError {
  const which = `${input.ref.destinationId} ${input.number}`;
  return new ExportError(
    'CONSENT_TRIPWIRE',
    `The export stopped: Mailchimp's replies show ${resubscribed} contacts with a status that was not requested: they had opted out or ` +
      'were archived and receive campaigns again, or were added with another status than the configured one. The export sends nothing ' +
      `more. To list them: temporal-mailchimp export failures ${which}. To archive those again that were archived: ` +
      `temporal-mailchimp export rearchive ${which}`,
  );
}

async function sendQueued(run: Run, queue: PartState[], lane: Lane): Promise<void> {
  for (;;) {
    await condition(() => run.isContinuingAsNew || queue.length === 0 || indexOfNext(run, queue, lane) >= 0);
    continueAsNewWhenLong(run);
    if (run.isContinuingAsNew || queue.length === 0) return;
    const index = indexOfNext(run, queue, lane);
    // Another sender may have taken it.
    if (index < 0) continue;
    const [part] = queue.splice(index, 1);
    if (part) await deliverPart(run, part, lane);
    refreshDetails(run);
  }
}

/** A part that an earlier run submitted is read even while paused, and whichever lane is faster now. */
function indexOfNext(run: Run, queue: readonly PartState[], lane: Lane): number {
  const submitted = lane === 'batch' ? queue.findIndex(({ batchId }) => batchId !== null) : -1;
  if (submitted >= 0 || run.record.isPaused || !isOpen(run, lane)) return submitted;
  return queue.findIndex(({ batchId }) => batchId === null);
}

function isOpen({ record: { lanes }, input }: Run, lane: Lane): boolean {
  if (!lanes) return false;
  return lanes.current === lane || (lane === 'direct' && isProbing(lanes, input.options.lane));
}

async function deliverPart(run: Run, part: PartState, lane: Lane): Promise<void> {
  const { record, input } = run;
  record.lanes = record.lanes && withBegun(record.lanes, lane, Date.now());
  const collected = lane === 'batch' ? await sendByBatch(run, part) : await sendPartDirectly(run, part);
  if (!collected) return;
  const rows = part.lane === lane ? part.plan.rows : 0;
  finishPart(run, part, collected);
  const nowMs = Date.now();
  const ended = record.lanes && withEnded(record.lanes, lane, { rows, nowMs });
  record.lanes =
    ended && chooseLane(ended, { requested: input.options.lane, nowMs, inFlight: inFlightRows(run) });
}

/** Undefined: the run continues as new, and the next one reads the batch. */
async function sendByBatch(run: Run, part: PartState): Promise<CollectedPart | undefined> {
  if (part.batchId === null && !(await submit(run, part))) return sendPartDirectly(run, part);
  await condition(() => hasEnded(part) || run.isContinuingAsNew);
  return hasEnded(part) ? collect(run, part) : undefined;
}

function finishPart(run: Run, part: PartState, collected: CollectedPart): void {
  const { acknowledged, refused, unproven, resubscribed } = collected;
  part.done = { acknowledged, refused, unproven };
  refreshDetails(run);
  if (resubscribed === 0) return;
  throw tripwire(run, `${resubscribed}`);
}
