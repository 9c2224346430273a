/**
 * Times of day of a time zone. A wall time is what a clock there shows, as the milliseconds that it would be in UTC: so it can be
 * compared and added to. `Intl` knows the zones; it does no I/O.
 */
type WallTime = number;

const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that does not exist */
function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timezone, format);
  return format;
}

/** A name of the IANA database. An offset such as +02:00 is no zone: it knows no daylight saving. */
export function isTimeZone(timezone: string): boolean {
  if (!/^[A-Za-z]/.test(timezone)) return false;
  try {
    formatOf(timezone);
    return true;
  } catch {
    return false;
  }
}

export function wallTimeAt(timezone: string, instant: number): WallTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

function offsetAt(timezone: string, instant: number): number {
  const second = Math.floor(instant / 1000) * 1000;
  return wallTimeAt(timezone, second) - second;
}

/** The first moment at which a clock shows the wall time; for one that is skipped, the moment that it would be without the change. */
export function instantOf(timezone: string, wallTime: WallTime): number {
  const [before, after] = [offsetAt(timezone, wallTime - DAY_MS), offsetAt(timezone, wallTime + DAY_MS)];
  const found = [wallTime - before, wallTime - after].filter(
    (instant) => wallTimeAt(timezone, instant) === wallTime,
  );
  return found.length > 0 ? Math.min(...found) : wallTime - before;
}

/** A change of the clock, as wall times: it shows `from` no more, and goes on at `to`. Forward in spring, back in autumn. */
export interface ClockChange {
  readonly from: WallTime;
  readonly to: WallTime;
}

/** The changes of a period of time. */
export function clockChanges(timezone: string, start: number, end: number): readonly ClockChange[] {
  const found: ClockChange[] = [];
  for (let instant = start; instant < end; instant += DAY_MS) {
    const [before, after] = [offsetAt(timezone, instant), offsetAt(timezone, instant + DAY_MS)];
    if (after === before) continue;
    const change = changeBetween(timezone, instant, instant + DAY_MS);
    found.push({ from: change + before, to: change + after });
  }
  return found;
}

/** The first minute with another offset than at `from`. */
function changeBetween(timezone: string, from: number, to: number): number {
  const before = offsetAt(timezone, from);
  let [low, high] = [Math.floor(from / MINUTE_MS), Math.ceil(to / MINUTE_MS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timezone, middle * MINUTE_MS) === before) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}
