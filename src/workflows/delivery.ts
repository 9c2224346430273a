import { CancellationScope, condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { CollectedPart } from '../activities/collect-part';
import type { PolledBatches } from '../activities/poll-batches';
import { patiently, untilGoing } from './patience';
import { pollInterval } from './poll-interval';
import { show, toDelivery, type PartState, type Run } from './run';

/** Parts on their way at once: Mailchimp may run only one batch at a time, but must never wait for the next. */
const IN_FLIGHT = 4;

/** Mailchimp's longest request (120 s) and a little: after that nothing of a vanished batch can still be running. */
const LONGEST_REQUEST = '130 seconds';

/**
 * Sends every part that has no outcome yet: all upserts, then all untags, since untagging somebody must come after the request
 * that tags them. Returns early when the run is yielding; fails only when no sending step is open any more.
 */
export async function deliver(run: Run): Promise<void> {
  for (const kind of ['upsert', 'untag'] as const) {
    await deliverParts(
      run,
      run.parts.filter(({ plan, done }) => plan.kind === kind && done === null),
    );
    if (run.isYielding) return;
  }
}

async function deliverParts(run: Run, parts: readonly PartState[]): Promise<void> {
  if (parts.length === 0) return;
  const queue = [...parts];
  let isOver = false;
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const lanes = Array.from({ length: Math.min(IN_FLIGHT, queue.length) }, () => travel(run, queue));
    const all = Promise.all(lanes).finally(() => {
      isOver = true;
    });
    const watch = watchBatches(run, () => isOver);
    try {
      await Promise.all([all, watch]);
    } catch (error) {
      scope.cancel();
      await Promise.allSettled([...lanes, watch]);
      throw error;
    }
  });
}

async function travel(run: Run, queue: PartState[]): Promise<void> {
  for (;;) {
    await condition(() => run.isYielding || queue.length === 0 || indexOfNext(run, queue) >= 0);
    yieldWhenLong(run);
    if (run.isYielding || queue.length === 0) return;
    const index = indexOfNext(run, queue);
    // Another lane may have taken it.
    if (index < 0) continue;
    const [part] = queue.splice(index, 1);
    if (part) await deliverPart(run, part);
    show(run);
  }
}

/** While paused, only what an earlier run has submitted: its results are read. */
function indexOfNext({ isPaused }: Run, queue: readonly PartState[]): number {
  return isPaused ? queue.findIndex(({ batchId }) => batchId !== null) : 0;
}

/** The server suggests it at 4,096 events or 4 MB, far from where it would end the run. */
function yieldWhenLong(run: Run): void {
  if (workflowInfo().continueAsNewSuggested) run.isYielding = true;
}

async function deliverPart(run: Run, part: PartState): Promise<void> {
  if (part.batchId === null) await submit(run, part);
  // A finished batch that was seen before the hand-over is seen again by the next run.
  await condition(() => hasEnded(part) || run.isYielding);
  if (!hasEnded(part)) return;
  const collected = await collect(run, part);
  const { acknowledged, refused, unproven } = collected;
  part.done = { acknowledged, refused, unproven };
}

async function submit(run: Run, part: PartState): Promise<void> {
  const { ref, account } = run.input;
  const { plan } = part;
  const { batchId, requests } = await patiently(run, async () => {
    await untilGoing(run);
    return run.steps.long['mailchimp.submitPart'].executeWithOptions(
      { summary: `${nameOf(part, run)}: submit ${plan.rows} of the changes` },
      [{ ref, account, delivery: toDelivery(run), part: plan }],
    );
  });
  part.batchId = batchId;
  run.requests += requests;
  run.batches += 1;
  show(run);
}

/** People count from one. */
function nameOf({ plan }: PartState, { parts }: Run): string {
  return `Part ${plan.part + 1} of ${parts.length}`;
}

function hasEnded({ batch }: PartState): boolean {
  return batch?.status === 'finished' || batch?.status === 'gone';
}

/** Reads the part's results; chunks that came back without proof are sent again directly. */
async function collect(run: Run, part: PartState): Promise<CollectedPart> {
  const { plan, batchId, batch } = part;
  if (batchId === null || batch?.status === 'gone') {
    await sleep(LONGEST_REQUEST, {
      summary: `${nameOf(part, run)}: its batch is gone; let its last request end`,
    });
    return sendDirectly(run, part, allChunks(part));
  }
  const { ref, account } = run.input;
  const collected = await patiently(run, () =>
    run.steps.long['mailchimp.collectPart'].executeWithOptions(
      { summary: `${nameOf(part, run)}: read results` },
      [{ ref, account, batchId, part: plan }],
    ),
  );
  run.requests += collected.requests;
  return collected.troubled.length === 0 ? collected : sendDirectly(run, part, collected.troubled);
}

function allChunks({ plan }: PartState): number[] {
  return Array.from({ length: plan.lastChunk - plan.firstChunk + 1 }, (_, index) => plan.firstChunk + index);
}

async function sendDirectly(run: Run, part: PartState, chunks: readonly number[]): Promise<CollectedPart> {
  const { ref, account } = run.input;
  const sent = await patiently(run, async () => {
    await untilGoing(run);
    return run.steps.long['mailchimp.sendChunks'].executeWithOptions(
      { summary: `${nameOf(part, run)}: send ${chunks.length} chunks again, directly` },
      [{ ref, account, delivery: toDelivery(run), part: part.plan, chunks }],
    );
  });
  run.requests += sent.requests;
  return sent;
}

/** One short look at all batches in flight, then a timer; so no slot is held while Mailchimp works. */
async function watchBatches(run: Run, isOver: () => boolean): Promise<void> {
  const isIdle = () => isOver() || run.isYielding;
  let looks = 0;
  for (;;) {
    await condition(() => flying(run).length > 0 || isIdle());
    yieldWhenLong(run);
    if (isIdle()) return;
    await condition(isIdle, untilNextLook(run, looks), { summary: 'Until the next look at the batches' });
    if (isIdle()) return;
    const before = flying(run).length;
    await look(run);
    looks = flying(run).length < before ? 0 : looks + 1;
    show(run);
  }
}

function untilNextLook(run: Run, looks: number): number {
  const answered = run.parts.filter((part) => part.done !== null || hasEnded(part));
  return pollInterval({
    batches: flying(run).flatMap(({ batch }) => batch ?? []),
    answered: answered.reduce((sum, { plan }) => sum + plan.lastChunk - plan.firstChunk + 1, 0),
    sinceMs: Date.now() - run.deliveringSinceMs,
    looks,
  });
}

function flying(run: Run): PartState[] {
  return run.parts.filter((part) => part.batchId !== null && part.done === null && !hasEnded(part));
}

async function look(run: Run): Promise<void> {
  const parts = flying(run);
  if (parts.length > 0) takeLook(run, parts, await patiently(run, () => askBatches(run, parts)));
}

function askBatches(run: Run, parts: readonly PartState[]) {
  const batchIds = parts.flatMap(({ batchId }) => batchId ?? []);
  const summary = `Look at the ${batchIds.length === 1 ? 'batch' : `${batchIds.length} batches`} at Mailchimp`;
  const input = { account: run.input.account, batchIds };
  return run.steps.short['mailchimp.pollBatches'].executeWithOptions({ summary }, [input]);
}

function takeLook(run: Run, parts: readonly PartState[], { batches, requests }: PolledBatches): void {
  run.requests += requests;
  for (const part of parts)
    part.batch = batches.find(({ batchId }) => batchId === part.batchId) ?? part.batch;
}

/**
 * After a cancellation or a failure: reads what is finished, deletes the rest at Mailchimp. Best effort and without patience, since
 * the provider may be what failed; rows without results count as unproven and are sent again by the next export.
 */
export async function abandon(run: Run): Promise<void> {
  const { account, ref } = run.input;
  try {
    const parts = flying(run);
    if (parts.length > 0) takeLook(run, parts, await askBatches(run, parts));
    for (const part of run.parts) {
      if (part.batchId === null || part.done !== null || part.batch?.status !== 'finished') continue;
      const input = { ref, account, batchId: part.batchId, part: part.plan };
      const { acknowledged, refused, unproven, requests } =
        await run.steps.long['mailchimp.collectPart'](input);
      part.done = { acknowledged, refused, unproven };
      run.requests += requests;
    }
    const batchIds = flying(run).flatMap(({ batchId }) => batchId ?? []);
    if (batchIds.length === 0) return;
    run.requests += (await run.steps.short['mailchimp.deleteBatches']({ account, batchIds })).requests;
  } catch {
    // The provider or the store is away; settling says what is unproven.
  }
}
