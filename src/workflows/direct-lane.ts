import type { CollectedPart } from '../activities/collect-part';
import type { SentCanary } from '../activities/send-canary';
import { patiently, untilGoing } from './patience';
import { chunksOf, nameOf, toDelivery, type PartState, type Run } from './run';

/** Rows that a complete reply did not name are looked up singly: so many in one export. */
export const MOST_LOOKUPS = 1_000;

function lookupsLeft({ lookups }: Run): number {
  return Math.max(0, MOST_LOOKUPS - lookups);
}

/** The first few people, sent and read back before anybody else is sent. */
export async function sendCanary(run: Run, part: PartState): Promise<SentCanary> {
  const { ref, account } = run.input;
  const sent = await patiently(run, async () => {
    await untilGoing(run);
    return run.steps.long['mailchimp.sendCanary'].executeWithOptions(
      { summary: `Send ${part.plan.rows} changes first and read them back` },
      [{ ref, account, delivery: toDelivery(run), part: part.plan, lookups: lookupsLeft(run) }],
    );
  });
  part.lane = 'direct';
  run.requests += sent.requests;
  run.lookups += sent.lookups;
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
  const sent = await patiently(run, async () => {
    await untilGoing(run);
    return run.steps.long['mailchimp.sendChunks'].executeWithOptions(
      { summary: `${nameOf(part, run)}: send ${chunks.length} chunks directly` },
      [
        {
          ref,
          account,
          delivery: toDelivery(run),
          part: part.plan,
          chunks,
          lookups: lookupsLeft(run),
        },
      ],
    );
  });
  run.requests += sent.requests;
  run.lookups += sent.lookups;
  return sent;
}
