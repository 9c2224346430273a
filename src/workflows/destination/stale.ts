import type { Stale } from '../../contract/destination-view';
import { kindOf, type ExportReport } from '../../contract/report';
import type { DestinationState } from './state';

const HOUR_MS = 60 * 60_000;

/** In ISO 8601 and UTC. */
export function endOf({ startedAt, durationMs }: Pick<ExportReport, 'startedAt' | 'durationMs'>): string {
  return new Date(Date.parse(startedAt) + durationMs).toISOString();
}

/** When the destination becomes stale, or became so, in milliseconds since 1970; undefined: never. */
export function staleAtMs(state: DestinationState): number | undefined {
  const { configuration, configuredAt, consent, phase } = state;
  const hours = configuration?.staleAfterHours;
  const since = completedAt(state) ?? configuredAt;
  // Without consent, no export may end that.
  if (phase === 'removed' || consent?.withdrawnAt !== undefined) return undefined;
  if (hours === undefined || since === undefined) return undefined;
  return Date.parse(since) + hours * HOUR_MS;
}

export function staleOf(state: DestinationState, nowMs: number): Stale | undefined {
  const afterHours = state.configuration?.staleAfterHours;
  const atMs = staleAtMs(state);
  if (afterHours === undefined || atMs === undefined || nowMs < atMs) return undefined;
  return { since: new Date(atMs).toISOString(), completedAt: completedAt(state) ?? null, afterHours };
}

/** A state of version 0.3.0 has it in a report only. */
function completedAt({ completedAt: known, exports }: DestinationState): string | undefined {
  if (known !== undefined) return known;
  const last = exports.find((report) => kindOf(report) === 'export' && report.status === 'completed');
  return last && endOf(last);
}
