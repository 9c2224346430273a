import type { LaneChoice } from '../../contract/export-options';
import type { Lane } from '../../contract/plan';
import { count } from '../../text/format';

/** What a lane has achieved so far. */
interface LaneMeter {
  /** Rows answered in it. */
  readonly rows: number;
  /** Milliseconds in which it had work, until `busySinceMs`. */
  readonly busyMs: number;
  /** Parts in flight in it. */
  readonly parts: number;
  readonly busySinceMs: number;
}

export interface Lanes {
  readonly current: Lane;
  /** Why, for the report. */
  readonly why: string;
  readonly batch: LaneMeter;
  readonly direct: LaneMeter;
}

const IDLE: LaneMeter = { rows: 0, busyMs: 0, parts: 0, busySinceMs: 0 };

/** This many chunks (20,000 rows) take a minute directly; a batch may wait longer than that for its turn. */
const SMALL_CHUNKS = 40;

/** How much faster the other lane has to be: both rates are estimates, and parts in flight cannot change lanes. */
const SWITCH_RATIO = 2;

export function openLanes(requested: LaneChoice, chunks: number): Lanes {
  const lanes = { batch: IDLE, direct: IDLE };
  if (requested !== 'auto') return { ...lanes, current: requested, why: 'as requested' };
  if (chunks <= SMALL_CHUNKS) return { ...lanes, current: 'direct', why: 'few changes' };
  return { ...lanes, current: 'batch', why: 'many changes; both lanes are measured' };
}

/** One part travels directly beside the first batches, so that their rates can be compared. */
export function isProbing({ current, direct }: Lanes, requested: LaneChoice): boolean {
  return requested === 'auto' && current === 'batch' && direct.rows === 0 && direct.parts === 0;
}

export function withBegun(lanes: Lanes, lane: Lane, nowMs: number): Lanes {
  const meter = lanes[lane];
  const busySinceMs = meter.parts === 0 ? nowMs : meter.busySinceMs;
  return { ...lanes, [lane]: { ...meter, parts: meter.parts + 1, busySinceMs } };
}

export function withEnded(
  lanes: Lanes,
  lane: Lane,
  { rows, nowMs }: { readonly rows: number; readonly nowMs: number },
): Lanes {
  const meter = lanes[lane];
  const parts = Math.max(0, meter.parts - 1);
  const busyMs = parts === 0 ? busyFor(meter, nowMs) : meter.busyMs;
  return { ...lanes, [lane]: { ...meter, rows: meter.rows + rows, parts, busyMs } };
}

/** For the next run, which starts the parts in flight once more. */
export function handedOver(lanes: Lanes, nowMs: number): Lanes {
  const rest = (meter: LaneMeter): LaneMeter => ({ ...meter, parts: 0, busyMs: busyFor(meter, nowMs) });
  return { ...lanes, batch: rest(lanes.batch), direct: rest(lanes.direct) };
}

function busyFor({ busyMs, parts, busySinceMs }: LaneMeter, nowMs: number): number {
  return parts === 0 ? busyMs : busyMs + Math.max(0, nowMs - busySinceMs);
}

export interface Seen {
  readonly requested: LaneChoice;
  readonly nowMs: number;
  /** Rows of batches in flight: those that Mailchimp has processed, and all of them. */
  readonly inFlight: { readonly answered: number; readonly rows: number };
}

/**
 * Chooses the lane of the remaining parts. A batch without progress may finish at any moment: until then its lane counts as fast as
 * it would be if all its rows were answered now.
 */
export function chooseLane(lanes: Lanes, { requested, nowMs, inFlight }: Seen): Lanes {
  if (requested !== 'auto') return lanes;
  const direct = rate(lanes.direct.rows, busyFor(lanes.direct, nowMs));
  const answered = lanes.batch.rows + inFlight.answered;
  const batch = rate(answered === 0 ? inFlight.rows : answered, busyFor(lanes.batch, nowMs));
  if (direct === 0 || batch === 0) return lanes;
  const compared = `${perSecond(direct)} rows a second directly, ${perSecond(batch)} in batches`;
  if (lanes.current === 'batch' && direct > SWITCH_RATIO * batch)
    return { ...lanes, current: 'direct', why: compared };
  if (lanes.current === 'direct' && answered > 0 && batch > SWITCH_RATIO * direct)
    return { ...lanes, current: 'batch', why: compared };
  return lanes;
}

/** Rows in a millisecond of the lane in which changes are sent now; 0 while it is not known. */
export function laneRate(lanes: Lanes, { nowMs, inFlight }: Omit<Seen, 'requested'>): number {
  const meter = lanes[lanes.current];
  const answered = lanes.current === 'batch' ? inFlight.answered : 0;
  return rate(meter.rows + answered, busyFor(meter, nowMs));
}

export function withoutOutage(lanes: Lanes, outageMs: number): Lanes {
  const without = (meter: LaneMeter): LaneMeter =>
    meter.parts === 0 ? meter : { ...meter, busySinceMs: meter.busySinceMs + outageMs };
  return { ...lanes, batch: without(lanes.batch), direct: without(lanes.direct) };
}

function rate(rows: number, ms: number): number {
  return ms > 0 ? rows / ms : 0;
}

function perSecond(rate: number): string {
  return count(Math.round(rate * 1000));
}
