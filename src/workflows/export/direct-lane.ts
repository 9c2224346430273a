import type { CollectedPart } from '../../activities/collect-part';
import type { SentCanary } from '../../activities/send-canary';
import { runStep } from './run-step';
import { chunksOf, nameOf, refreshDetails, toDelivery, type PartState, type Run } from './run';

/** Rows of one export that may be looked up one by one, because a complete reply did not name them. */
const MAX_LOOKUPS = 1_000;

/**
 * Half of the look-ups that are left go to a step, so that parts sent at the same time have some too; the step returns what it does
 * not use.
 */
async function withLookups<Sent extends { readonly lookups: number }>(
  { record }: Run,
  send: (lookups: number) => Promise<Sent>,
): Promise<Sent> {
  const taken = Math.ceil((MAX_LOOKUPS - record.lookups) / 2);
  record.lookups += taken;
  const sent = await send(taken);
  record.lookups -= taken - sent.lookups;
  return sent;
}

/** Sends the first few rows and reads them back. */
export async function sendCanary(run: Run, part: PartState): Promise<SentCanary> {
  const { ref, account } = run.input;
  const sent = await withLookups(run, (lookups) =>
    runStep(run, 'mailchimp.sendCanary', {
      summary: `Send ${part.plan.rows} changes first and read them back`,
      input: () => ({ ref, account, delivery: toDelivery(run), part: part.plan, lookups }),
    }),
  );
  part.lane = 'direct';
  return sent;
}

export async function sendPartDirectly(run: Run, part: PartState): Promise<CollectedPart> {
  part.lane = 'direct';
  refreshDetails(run);
  return sendDirectly(run, part, chunksOf(part));
}

/** Sends chunks of a part in requests of their own: the direct lane, and the way to repair what a batch left without proof. */
export async function sendDirectly(
  run: Run,
  part: PartState,
  chunks: readonly number[],
): Promise<CollectedPart> {
  const { ref, account } = run.input;
  return withLookups(run, (lookups) =>
    runStep(run, 'mailchimp.sendChunks', {
      summary: `${nameOf(part, run)}: send ${chunks.length} chunks directly`,
      input: () => ({
        ref,
        account,
        delivery: toDelivery(run),
        part: part.plan,
        chunks,
        lookups,
        requests: requestsLeft(run),
      }),
    }),
  );
}

/** Archives contacts, each after it was read. */
export async function archivePart(run: Run, part: PartState): Promise<CollectedPart> {
  const { ref, account, audience } = run.input;
  part.lane = 'direct';
  return runStep(run, 'mailchimp.archiveChunks', {
    summary: `${nameOf(part, run)}: archive ${part.plan.rows} contacts, each if it may be`,
    input: () => ({
      ref,
      account,
      audienceId: audience.id,
      part: part.plan,
      requests: requestsLeft(run),
    }),
  });
}

/** Each contact that is archived is read before and after. */
const REQUESTS_OF_ARCHIVED = 3;

/** As many as the parts that are not done need in the direct lane: an export with few is first where connections are short. */
function requestsLeft({ record }: Run): number {
  const left = record.parts.filter(({ done }) => done === null);
  return left.reduce(
    (sum, { plan: { kind, rows, firstChunk, lastChunk } }) =>
      sum + (kind === 'archive' ? rows * REQUESTS_OF_ARCHIVED : lastChunk - firstChunk + 1),
    0,
  );
}
