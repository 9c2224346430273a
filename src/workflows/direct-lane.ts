import type { CollectedPart } from '../activities/collect-part';
import type { SentCanary } from '../activities/send-canary';
import { patiently, untilGoing, whileGoing } from './patience';
import { chunksOf, nameOf, toDelivery, type PartState, type Run } from './run';

/** Rows that a complete reply did not name are looked up singly: so many in one export. */
export const MOST_LOOKUPS = 1_000;

/** Half of what is left, so that parts which travel at the same time have some too; what is not used is given back. */
function takeLookups(run: Run): number {
  const taken = Math.ceil((MOST_LOOKUPS - run.lookups) / 2);
  run.lookups += taken;
  return taken;
}

/** The first few people, sent and read back before anybody else is sent. */
export async function sendCanary(run: Run, part: PartState): Promise<SentCanary> {
  const { ref, account } = run.input;
  const lookups = takeLookups(run);
  const sent = await patiently(run, async () => {
    await untilGoing(run);
    return run.steps.long['mailchimp.sendCanary'].executeWithOptions(
      { summary: `Send ${part.plan.rows} changes first and read them back` },
      [{ ref, account, delivery: toDelivery(run), part: part.plan, lookups }],
    );
  });
  part.lane = 'direct';
  run.requests += sent.requests;
  run.lookups -= lookups - sent.lookups;
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
  const lookups = takeLookups(run);
  const sent = await patiently(run, () =>
    whileGoing(run, () =>
      run.steps.long['mailchimp.sendChunks'].executeWithOptions({ summary }, [
        { ref, account, delivery, part: part.plan, chunks, lookups },
      ]),
    ),
  );
  run.requests += sent.requests;
  run.lookups -= lookups - sent.lookups;
  return sent;
}
