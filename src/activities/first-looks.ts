import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchState, MailchimpAccount } from '../ports/mailchimp';
import type { Pulse } from './heartbeat';

/** Milliseconds before each look. */
const WAITS_MS = [30, 60, 120, 240, 480];

/** A step must not hold its slot while Mailchimp works, or does not answer. */
const MAX_MS = 1_000;

/**
 * Looks at a batch that was just submitted until it has finished, for a second at most. A small batch often finishes in that
 * time, and a poll by the workflow costs a timer and another step. Never throws, also not when the step is cancelled: the batch is at
 * Mailchimp, and the workflow needs its id, for example to delete it.
 *
 * @returns the batch as it was last seen, or null
 */
export async function firstLooks(
  account: MailchimpAccount,
  batchId: string,
  pulse: Pulse,
): Promise<BatchState | null> {
  let seen: BatchState | null = null;
  let isOver = false;

  async function look(): Promise<void> {
    for (const ms of WAITS_MS) {
      await sleep(ms);
      // The step has ended: nothing would read the reply.
      if (isOver) return;
      pulse.throwIfCancelled();
      const [batch] = await account.batches([batchId]);
      // A batch that is not listed yet was submitted nevertheless: a later poll finds it.
      if (!batch || batch.status === 'gone') continue;
      seen = batch;
      if (batch.status === 'finished') return;
    }
  }

  // The workflow polls again later, and reports an error that persists.
  const looked = look().catch(() => undefined);
  await Promise.race([looked, sleep(MAX_MS, undefined, { ref: false })]);
  isOver = true;
  return seen;
}
