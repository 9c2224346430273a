import { CancellationScope, condition } from '@temporalio/workflow';
import type { CollectedPart } from '../../activities/collect-part';
import type { Lane } from '../../contract/plan';
import { ExportError } from '../../errors';
import { collect, hasEnded, submit, watchBatches } from './batch-lane';
import { sendCanary, sendPartDirectly } from './direct-lane';
import { chooseLane, isProbing, openLanes, withBegun, withEnded } from './choose-lane';
import {
  chunksOf,
  inFlightRows,
  refreshDetails,
  continueAsNewWhenLong,
  type PartState,
  type Run,
} from './run';

/** Parts on their way at once: Mailchimp may run only one batch at a time, but must never wait for the next while others are read. */
const BATCHES_IN_FLIGHT = 6;

/** A part keeps all connections busy but at its very end; then the next one takes over. */
const DIRECT_IN_FLIGHT = 2;

/**
 * Sends every part that has no outcome yet: the canary, then all upserts, then all untags, since untagging somebody must come after
 * the request that tags them. Returns early when the run is yielding; fails only when no sending step is open any more.
 */
export async function deliver(run: Run): Promise<void> {
  await sendCanaries(run);
  for (const kind of ['upsert', 'untag'] as const) {
    const parts = run.parts.filter(({ plan, done }) => plan.kind === kind && done === null);
    await deliverParts(run, parts);
    if (run.isContinuingAsNew) return;
  }
}

/** Where the spares show nothing of a kind either, though drawn from all over the plan, hardly anybody of it is taken: the rest goes. */
async function sendCanaries(run: Run): Promise<void> {
  const [first] = run.parts;
  if (!first?.plan.canary || first.done !== null) return;
  const sent = await sendCanary(run, first);
  finishPart(run, first, sent);
  const spare = run.parts.findLast(({ plan }) => plan.kind === 'upsert');
  if (sent.isBlind && spare?.done === null) finishPart(run, spare, await sendCanary(run, spare));
}

async function deliverParts(run: Run, parts: readonly PartState[]): Promise<void> {
  if (parts.length === 0) return;
  const { lane: asked } = run.input.options;
  run.lanes ??= openLanes(asked, parts.flatMap(chunksOf).length);
  const queue = [...parts];
  let isOver = false;
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const travellers = [
      ...Array.from({ length: BATCHES_IN_FLIGHT }, () => travel(run, queue, 'batch')),
      ...Array.from({ length: DIRECT_IN_FLIGHT }, () => travel(run, queue, 'direct')),
    ];
    const all = Promise.all(travellers).finally(() => {
      isOver = true;
    });
    const watch = watchBatches(run, () => isOver);
    try {
      await Promise.all([all, watch]);
    } catch (error) {
      scope.cancel();
      await Promise.allSettled([...travellers, watch]);
      throw error;
    }
  });
}

async function travel(run: Run, queue: PartState[], lane: Lane): Promise<void> {
  for (;;) {
    await condition(() => run.isContinuingAsNew || queue.length === 0 || indexOfNext(run, queue, lane) >= 0);
    continueAsNewWhenLong(run);
    if (run.isContinuingAsNew || queue.length === 0) return;
    const index = indexOfNext(run, queue, lane);
    // Another traveller may have taken it.
    if (index < 0) continue;
    const [part] = queue.splice(index, 1);
    if (part) await deliverPart(run, part, lane);
    refreshDetails(run);
  }
}

/** A part that an earlier run has submitted is read also while paused, and whatever lane is the better one now. */
function indexOfNext(run: Run, queue: readonly PartState[], lane: Lane): number {
  const submitted = lane === 'batch' ? queue.findIndex(({ batchId }) => batchId !== null) : -1;
  if (submitted >= 0 || run.isPaused || !isOpen(run, lane)) return submitted;
  return queue.findIndex(({ batchId }) => batchId === null);
}

function isOpen({ lanes, input }: Run, lane: Lane): boolean {
  if (!lanes) return false;
  return lanes.current === lane || (lane === 'direct' && isProbing(lanes, input.options.lane));
}

async function deliverPart(run: Run, part: PartState, lane: Lane): Promise<void> {
  run.lanes = run.lanes && withBegun(run.lanes, lane, Date.now());
  const collected = lane === 'batch' ? await throughBatch(run, part) : await sendPartDirectly(run, part);
  if (!collected) return;
  const rows = part.lane === lane ? part.plan.rows : 0;
  finishPart(run, part, collected);
  const nowMs = Date.now();
  const ended = run.lanes && withEnded(run.lanes, lane, { rows, nowMs });
  run.lanes =
    ended && chooseLane(ended, { asked: run.input.options.lane, nowMs, inFlight: inFlightRows(run) });
}

/** Undefined: the run is yielding, and the next one reads the batch. */
async function throughBatch(run: Run, part: PartState): Promise<CollectedPart | undefined> {
  if (part.batchId === null && !(await submit(run, part))) return sendPartDirectly(run, part);
  // A finished batch that was seen before the hand-over is seen again by the next run.
  await condition(() => hasEnded(part) || run.isContinuingAsNew);
  return hasEnded(part) ? collect(run, part) : undefined;
}

function finishPart(run: Run, part: PartState, collected: CollectedPart): void {
  const { acknowledged, refused, unproven, resubscribed } = collected;
  part.done = { acknowledged, refused, unproven };
  refreshDetails(run);
  if (resubscribed === 0) return;
  throw new ExportError(
    'CONSENT_TRIPWIRE',
    `The export stopped: Mailchimp answered that ${resubscribed} people are reached who had opted out or been archived, or were to be added ` +
      'as something else. Nobody asked for that. Look at them in Mailchimp (audience > contacts, changed today) before exporting again.',
    { details: { resubscribed } },
  );
}
