import type { AskedLane } from '../../contract/destination';
import type { LaneMeter, LanesCarry } from '../../contract/export';
import type { Lane } from '../../contract/plan';

export type Lanes = LanesCarry;

const IDLE: LaneMeter = { rows: 0, busyMs: 0, parts: 0, busySinceMs: 0 };

/** Up to so many chunks (20,000 rows) take a minute directly; a batch may wait longer than that for its turn. */
const SMALL_CHUNKS = 40;

/** The other lane has to be so much faster: both are estimates, and what flies cannot change any more. */
const SWITCH_RATIO = 2;

export function openLanes(asked: AskedLane, chunks: number): Lanes {
  const lanes = { batch: IDLE, direct: IDLE };
  if (asked !== 'auto') return { ...lanes, current: asked, why: 'as asked for' };
  if (chunks <= SMALL_CHUNKS) return { ...lanes, current: 'direct', why: 'few changes' };
  return { ...lanes, current: 'batch', why: 'many changes; both lanes are measured' };
}

/** One part goes directly beside the first batches, so that there is something to compare them with. */
export function isProbing({ current, direct }: Lanes, asked: AskedLane): boolean {
  return asked === 'auto' && current === 'batch' && direct.rows === 0 && direct.parts === 0;
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

/** For the next run, which begins the parts that are on their way once more. */
export function handedOver(lanes: Lanes, nowMs: number): Lanes {
  const rest = (meter: LaneMeter): LaneMeter => ({ ...meter, parts: 0, busyMs: busyFor(meter, nowMs) });
  return { ...lanes, batch: rest(lanes.batch), direct: rest(lanes.direct) };
}

function busyFor({ busyMs, parts, busySinceMs }: LaneMeter, nowMs: number): number {
  return parts === 0 ? busyMs : busyMs + Math.max(0, nowMs - busySinceMs);
}

export interface Seen {
  readonly asked: AskedLane;
  readonly nowMs: number;
  /** Rows of batches in flight that are answered at Mailchimp already, and all rows of them. */
  readonly inFlight: { readonly answered: number; readonly rows: number };
}

/**
 * Which lane the remaining parts take. A batch that has shown nothing yet may be through in the next moment: until it is, its lane
 * counts as fast as it could be then.
 */
export function chooseLane(lanes: Lanes, { asked, nowMs, inFlight }: Seen): Lanes {
  if (asked !== 'auto') return lanes;
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

function rate(rows: number, ms: number): number {
  return ms > 0 ? rows / ms : 0;
}

function perSecond(rate: number): string {
  return Math.round(rate * 1000).toLocaleString('en-US');
}
