import { setTimeout as delay } from 'node:timers/promises';
import type { StandaloneWorker } from '../../worker';

const RETRY_MS = 100;

/**
 * Runs a worker until `stop` resolves, then shuts it down gracefully.
 * Resolves when the worker has stopped; rejects when it failed.
 */
export async function runWorkerUntil(worker: StandaloneWorker, stop: Promise<void>): Promise<void> {
  const ended = worker.run();
  const hasEnded = ended.then(
    () => true,
    () => true,
  );
  await Promise.race([hasEnded, stop]);
  // shutdown() throws while the worker is starting, and when Temporal's own signal handler has already begun to stop it.
  while (!isShutDown(worker)) {
    if (await Promise.race([hasEnded, delay(RETRY_MS, false)])) break;
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
