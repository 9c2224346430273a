import { TIMELINE_STATES, type Timeline, type TimelineState } from '../../../contract/timeline';

/** How many changes were done in a second, on average, from one moment to another. Times in milliseconds since the start. */
export interface Rate {
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
}

/**
 * The rate over time, in so many intervals of the same length. Results arrive in bursts, a part at a time: its changes are spread over the
 * time since the burst before.
 */
export function ratesOf({ points }: Timeline, intervals: number): readonly Rate[] {
  const whole = points.at(-1)?.[0] ?? 0;
  if (whole === 0) return [];
  const bursts = burstsOf(points);
  return Array.from({ length: intervals }, (_, index) => {
    const from = (whole * index) / intervals;
    const to = (whole * (index + 1)) / intervals;
    const changes = bursts.reduce((sum, burst) => {
      const shared = Math.min(to, burst.to) - Math.max(from, burst.from);
      return shared > 0 ? sum + (burst.changes * shared) / (burst.to - burst.from) : sum;
    }, 0);
    return { from, to, perSecond: (changes * 1000) / (to - from) };
  });
}

interface Burst {
  readonly from: number;
  readonly to: number;
  readonly changes: number;
}

/** The first one begins when the export begins to send. */
function burstsOf(points: Timeline['points']): readonly Burst[] {
  const preparing = ['preparing', 'held'].map((state) => TIMELINE_STATES.indexOf(state as TimelineState));
  const begun = points.find(([, , state]) => !preparing.includes(state)) ?? points[0];
  const bursts: Burst[] = [];
  let from = begun?.[0] ?? 0;
  let done = 0;
  for (const [ms, changes] of points) {
    if (changes <= done) continue;
    bursts.push({ from: Math.min(from, ms - 1), to: ms, changes: changes - done });
    from = ms;
    done = changes;
  }
  return bursts;
}

/** A time in one state. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly state: TimelineState;
}

/** The states over time, one after the other. */
export function spansOf({ points }: Timeline): readonly Span[] {
  const spans: Span[] = [];
  for (const [index, [from, , position]] of points.entries()) {
    const to = points[index + 1]?.[0];
    const state = TIMELINE_STATES[position];
    // A state of a later version.
    if (to === undefined || state === undefined) continue;
    const last = spans.at(-1);
    if (last?.state === state) spans[spans.length - 1] = { ...last, to };
    else spans.push({ from, to, state });
  }
  return spans;
}
