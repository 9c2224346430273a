import type { Progress } from '../../contract/progress';

/** Mailchimp answers in bursts: a shorter look would jump between nothing and everything. */
const LOOK_BACK_MS = 60_000;

export interface Pace {
  /** Changes a second of late; undefined until some were answered. `at`: milliseconds. */
  readonly measure: (progress: Progress, at?: number) => number | undefined;
}

export function createPace(): Pace {
  const seen: { done: number; at: number }[] = [];
  return {
    measure: ({ done }, at = Date.now()) => {
      seen.push({ done, at });
      while (seen.length > 2 && seen[1]!.at <= at - LOOK_BACK_MS) seen.shift();
      const first = seen[0]!;
      if (done <= first.done || at <= first.at) return undefined;
      return ((done - first.done) * 1000) / (at - first.at);
    },
  };
}
