import type { Stale } from '../contract/destination-view';
import { count, instant } from './format';

const HOUR_MS = 60 * 60_000;

/**
 * Why a destination is stale.
 * @param nowMs by the clock of the reader. Undefined: the text stays as it is for long, so it has a time and no age.
 */
export function describeStale({ since, completedAt, afterHours }: Stale, nowMs?: number): string {
  const fromMs = Date.parse(since) - afterHours * HOUR_MS;
  const from = new Date(fromMs).toISOString();
  const ended = nowMs === undefined ? `at ${instant(from)}` : `${hours(nowMs - fromMs)} ago`;
  const event = completedAt === null ? 'it was configured' : 'the last complete export ended';
  const why = completedAt === null ? ', and no export has completed since' : '';
  return `${event} ${ended}${why} (limit ${count(afterHours)} h)`;
}

/** In a list: "stale: 27 h (limit 26 h)". */
export function describeStaleShortly({ since, afterHours }: Stale, nowMs: number): string {
  return `stale: ${hours(nowMs - Date.parse(since) + afterHours * HOUR_MS)} (limit ${count(afterHours)} h)`;
}

function hours(ms: number): string {
  return `${count(Math.max(0, Math.floor(ms / HOUR_MS)))} h`;
}
