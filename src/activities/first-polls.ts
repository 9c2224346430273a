import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchState, MailchimpAccount } from '../ports/mailchimp';
import type { Heartbeat } from './heartbeat';

/** Milliseconds before each poll. */
const WAITS_MS = [30, 60, 120, 240, 480];

/** A step must not occupy its slot while Mailchimp works, or does not answer. */
const MAX_MS = 1_000;

/**
 * Polls a batch that was just submitted until it has finished, for at most a second. A small batch often finishes in that time, and
 * a poll by the workflow costs a timer and another step. Never throws, even if the step is cancelled: the batch is at Mailchimp,
 * and the workflow needs its id, for example to delete it.
 *
 * @returns the batch as it was last seen, or null
 */
export async function firstPolls(
  account: MailchimpAccount,
  batchId: string,
  heartbeat: Pick<Heartbeat, 'throwIfCancelled'>,
): Promise<BatchState | null> {
  let seen: BatchState | null = null;
  let isOver = false;

  async function poll(): Promise<void> {
    for (const ms of WAITS_MS) {
      await sleep(ms);
      // The step has ended: nothing would read the reply.
      if (isOver) return;
      heartbeat.throwIfCancelled();
      const [batch] = await account.batches([batchId]);
      // A batch that is not listed yet was submitted nevertheless: a later poll finds it.
      if (!batch || batch.status === 'gone') continue;
      seen = batch;
      if (batch.status === 'finished') return;
    }
  }

  // The workflow polls again later, and reports an error that persists.
  const polled = poll().catch(() => undefined);
  await Promise.race([polled, sleep(MAX_MS, undefined, { ref: false })]);
  isOver = true;
  return seen;
}
