import { setTimeout as delay } from 'node:timers/promises';
import type { StandaloneWorker } from '../../worker';

const AGAIN_MS = 100;

/**
 * Runs a worker until `stop` resolves, then lets it finish its steps.
 * Resolves when it has stopped; rejects when it ended by a failure.
 */
export async function runWorkerUntil(worker: StandaloneWorker, stop: Promise<void>): Promise<void> {
  const ended = worker.run();
  const hasEnded = ended.then(
    () => true,
    () => true,
  );
  await Promise.race([hasEnded, stop]);
  // Refused while it is still starting, and when it is stopping already (Temporal's own handler hears the same signals).
  while (!isShutDown(worker)) {
    if (await Promise.race([hasEnded, delay(AGAIN_MS, false)])) break;
  }
  await ended;
}

function isShutDown(worker: StandaloneWorker): boolean {
  try {
    worker.shutdown();
    return true;
  } catch {
    return false;
  }
}
