/** What an export does, or what it waits for. The positions are in reports that are kept: append only. */
export const TIMELINE_STATES = [
  'preparing',
  'sending',
  'provider',
  'waiting',
  'stopped',
  'paused',
  'held',
  'settling',
] as const;
/**
 * - `preparing`: it checks, reads the source and the audience, and plans.
 * - `sending`: it sends changes, or reads results.
 * - `provider`: it sends nothing itself, and waits for batches at Mailchimp.
 * - `waiting`: something is unavailable, and it retries by itself.
 * - `stopped`, `paused`, `held`: it waits for a person.
 * - `settling`: it gives every profile its outcome, or winds down.
 *
 * @useDeclaredType
 */
export type TimelineState = (typeof TIMELINE_STATES)[number];

/** Milliseconds since the start; changes whose result was read by then; what the export did from then on, as a position in the list of `TimelineState`, from 0. */
export type TimelinePoint = readonly [ms: number, changes: number, state: number];

/** When an export did what. */
export interface Timeline {
  /** Milliseconds in each state, of the whole time. States without any are left out. */
  readonly took: Readonly<Partial<Record<TimelineState, number>>>;
  /** In their order. At most 200: beyond that, those that are closest to others are left out. */
  readonly points: readonly TimelinePoint[];
}

/** A timeline of an export that goes on. */
export interface OpenTimeline extends Timeline {
  /** Until when `took` counts, in milliseconds since the start. */
  readonly untilMs: number;
}

const MOST_POINTS = 200;

export const NEW_TIMELINE: OpenTimeline = { took: {}, points: [[0, 0, 0]], untilMs: 0 };

/** Adds what the export is seen to do. Changes nothing where it does the same as before. */
export function withSeen(
  timeline: OpenTimeline,
  seen: { readonly ms: number; readonly changes: number; readonly state: TimelineState },
): OpenTimeline {
  const state = TIMELINE_STATES.indexOf(seen.state);
  const last = timeline.points.at(-1);
  if (last && last[1] === seen.changes && last[2] === state) return timeline;
  const { took, untilMs } = upTo(timeline, seen.ms);
  const point = [untilMs, seen.changes, state] as const;
  // What changed within one moment is one point.
  const before = last?.[0] === untilMs ? timeline.points.slice(0, -1) : timeline.points;
  return { took, points: thinned([...before, point]), untilMs };
}

/** The timeline of an export that has ended. */
export function closedTimeline(timeline: OpenTimeline, ms: number): Timeline {
  const { took, untilMs } = upTo(timeline, ms);
  const last = timeline.points.at(-1);
  if (!last || last[0] === untilMs) return { took, points: timeline.points };
  return { took, points: thinned([...timeline.points, [untilMs, last[1], last[2]]]) };
}

/** Counts the time up to a moment. A clock that goes back adds none. */
function upTo({ took, points, untilMs }: OpenTimeline, ms: number): Pick<OpenTimeline, 'took' | 'untilMs'> {
  const passed = Math.max(0, ms - untilMs);
  const state = TIMELINE_STATES[points.at(-1)?.[2] ?? 0];
  if (!state || passed === 0) return { took, untilMs };
  return { took: { ...took, [state]: (took[state] ?? 0) + passed }, untilMs: untilMs + passed };
}

/** Leaves out the point whose neighbours are the closest to each other: the first and the last one stay. */
function thinned(points: readonly TimelinePoint[]): readonly TimelinePoint[] {
  if (points.length <= MOST_POINTS) return points;
  let least = 1;
  for (let index = 1; index < points.length - 1; index++)
    if (gapAround(points, index) < gapAround(points, least)) least = index;
  return points.toSpliced(least, 1);
}

function gapAround(points: readonly TimelinePoint[], index: number): number {
  return points[index + 1]![0] - points[index - 1]![0];
}
