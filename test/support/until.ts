import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 150_000;
const BETWEEN_MS = 100;

/** Waits for a fact: asks until the answer is neither undefined nor false. */
export async function until<Fact>(
  ask: () => Promise<Fact | undefined | null | false>,
  withinMs = DEADLINE_MS,
): Promise<Fact> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const fact = await ask();
    if (fact !== undefined && fact !== null && fact !== false) return fact;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs / 1000} s for: ${ask.toString()}`);
    await delay(BETWEEN_MS);
  }
}
