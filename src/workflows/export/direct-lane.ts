import type { CollectedPart } from '../../activities/collect-part';
import type { SentCanary } from '../../activities/send-canary';
import { withRetry, waitWhilePaused, interruptOnPause } from './retry';
import { chunksOf, nameOf, toDelivery, type PartState, type Run } from './run';

/** Rows that a complete reply did not name are looked up singly: so many in one export. */
const MAX_LOOKUPS = 1_000;

/**
 * Half of the look-ups that are left go with a step, so that parts which travel at the same time have some too; what it does not use
 * is given back.
 */
async function withLookups<Sent extends { readonly requests: number; readonly lookups: number }>(
  run: Run,
  send: (lookups: number) => Promise<Sent>,
): Promise<Sent> {
  const taken = Math.ceil((MAX_LOOKUPS - run.lookups) / 2);
  run.lookups += taken;
  const sent = await send(taken);
  run.lookups -= taken - sent.lookups;
  run.requests += sent.requests;
  return sent;
}

/** The first few people, sent and read back before anybody else is sent. */
export async function sendCanary(run: Run, part: PartState): Promise<SentCanary> {
  const { ref, account } = run.input;
  const summary = `Send ${part.plan.rows} changes first and read them back`;
  const sent = await withLookups(run, (lookups) =>
    withRetry(run, async () => {
      await waitWhilePaused(run);
      return run.steps.long['mailchimp.sendCanary'].executeWithOptions({ summary }, [
        { ref, account, delivery: toDelivery(run), part: part.plan, lookups },
      ]);
    }),
  );
  part.lane = 'direct';
  return sent;
}

/** Sends a whole part that way. */
export async function sendPartDirectly(run: Run, part: PartState): Promise<CollectedPart> {
  part.lane = 'direct';
  return sendDirectly(run, part, chunksOf(part));
}

/** Sends chunks of a part in requests of their own: the direct lane, and the way to mend what a batch left without proof. */
export async function sendDirectly(
  run: Run,
  part: PartState,
  chunks: readonly number[],
): Promise<CollectedPart> {
  const { ref, account } = run.input;
  const delivery = toDelivery(run);
  const summary = `${nameOf(part, run)}: send ${chunks.length} chunks directly`;
  return withLookups(run, (lookups) =>
    withRetry(run, () =>
      interruptOnPause(run, () =>
        run.steps.long['mailchimp.sendChunks'].executeWithOptions({ summary }, [
          { ref, account, delivery, part: part.plan, chunks, lookups },
        ]),
      ),
    ),
  );
}
