import { setTimeout as delay } from 'node:timers/promises';
import { isOutage } from '../errors';
import type { WaitOptions } from './export-handle';

const RETRY_MS = 2_000;

/** Whether a worker has ever answered for an export. A handle shares it with all its waiting. */
export interface Contact {
  hasAnswered: boolean;
}

/**
 * Asks at each call until there is an answer. An outage throws only before the first answer: a caller without any worker, or with the
 * wrong address, must learn it.
 * @throws the reason of the signal
 */
export function patient<Answer>(
  ask: () => Promise<Answer>,
  contact: Contact,
  { signal, onOutage }: WaitOptions,
): () => Promise<Answer> {
  return async () => {
    for (;;) {
      try {
        const answer = await untilAborted(ask(), signal);
        contact.hasAnswered = true;
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!contact.hasAnswered || !isOutage(error)) throw error;
        onOutage?.(error);
        await pause(RETRY_MS, signal);
      }
    }
  };
}

/** @throws the reason of the signal */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Ends at once, also while no worker answers. */
async function untilAborted<Answer>(
  answer: Promise<Answer>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
