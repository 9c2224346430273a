import type { AlertDelivery, Notice, TroubleKind, UndeliveredAlert } from '../../contract/alert';
import { countsOf } from '../../contract/alert';
import type { ExportWaits } from '../../contract/export-waits';
import { rejectsOf } from '../../contract/rejects';
import { kindOf, type ExportReport } from '../../contract/report';
import { endOf, staleOf } from './stale';
import type { DestinationState } from './state';

/** What a destination knows about its alerts; continue-as-new hands it on. */
export interface AlertState {
  /** Notices of which no worker has said yet which receivers want them. */
  readonly pending: readonly Notice[];
  /** The last that was announced, until an export completes. */
  readonly trouble?: {
    readonly kind: Exclude<TroubleKind, 'stale'>;
    readonly exportId: string;
    readonly code?: string;
  };
  /** That it is stale was announced. */
  readonly isStale?: true;
  /** By receiver. */
  readonly undelivered?: readonly UndeliveredAlert[];
}

const NONE: AlertState = { pending: [] };

/** While no worker answers, later notices push out earlier ones. */
const PENDING_KEPT = 20;
const UNDELIVERED_KEPT = 20;

function alertsOf({ alerts = NONE }: DestinationState): AlertState {
  return alerts;
}

function withAlerts(state: DestinationState, change: Partial<AlertState>): DestinationState {
  return { ...state, alerts: { ...alertsOf(state), ...change } };
}

export function nextNotice(state: DestinationState): Notice | undefined {
  return alertsOf(state).pending[0];
}

export function withNotice(state: DestinationState, notice: Notice): DestinationState {
  return withAlerts(state, { pending: [...alertsOf(state).pending, notice].slice(-PENDING_KEPT) });
}

export function withoutNotice(state: DestinationState, done: Notice): DestinationState {
  return withAlerts(state, { pending: alertsOf(state).pending.filter((notice) => notice !== done) });
}

/**
 * What an export says of itself is news when it is held or stopped. It is held once; a signal of one that has ended comes too late, or a second
 * time.
 */
export function withWaits(
  destinationId: string,
  state: DestinationState,
  { exportId, waits }: ExportWaits,
): DestinationState {
  const { trouble } = alertsOf(state);
  const job = state.unsettled;
  if (job?.exportId !== exportId || !waits || waits.kind === 'paused' || waits.isRepeated) return state;
  const { kind, since, code, guards } = waits;
  if (kind === 'held' && trouble?.kind === 'held' && trouble.exportId === exportId) return state;
  const named = code === undefined ? {} : { code };
  return withNotice(withAlerts(state, { trouble: { kind, exportId, ...named } }), {
    ...subjectOf(destinationId, state),
    kind,
    export: { exportId, kind: job.kind, number: job.number },
    at: since,
    ...named,
    ...(guards && { guards }),
  });
}

/**
 * What the end of an export changes. One that fails as the last one did changes nothing, nor does a plan, which a person waits for.
 * @param before the state before the report was committed
 */
export function noticeOfEnd(
  destinationId: string,
  before: DestinationState,
  report: ExportReport,
): Notice | undefined {
  const { status, failure } = report;
  if (kindOf(report) !== 'export' || (status !== 'completed' && status !== 'failed')) return undefined;
  const { trouble, isStale } = alertsOf(before);
  const code = failure?.code ?? 'UNEXPECTED';
  if (status === 'failed' && trouble?.kind === 'failed' && trouble.code === code) return undefined;
  const ended = {
    ...subjectOf(destinationId, before),
    kind: status,
    at: endOf(report),
    export: { exportId: report.exportId, kind: kindOf(report), number: report.number },
    counts: countsOf(report),
  };
  if (status === 'failed') return { ...ended, code };
  const recoveredFrom = trouble?.kind ?? (isStale && 'stale');
  const last = before.exports.find((one) => kindOf(one) === 'export' && one.status === 'completed');
  return {
    ...ended,
    ...(last && { before: { selected: last.selected, rejects: rejectsOf(last.outcomes) } }),
    ...(recoveredFrom && { recoveredFrom }),
  };
}

/** The state after a notice of an end. */
export function withEnd(state: DestinationState, { kind, export: job, code }: Notice): DestinationState {
  const { trouble: _, ...rest } = alertsOf(state);
  if (kind === 'completed') return state.alerts ? { ...state, alerts: rest } : state;
  const trouble = { kind: 'failed', exportId: job?.exportId ?? '', code: code ?? '' } as const;
  return withAlerts(state, { trouble });
}

/** Whether it has become stale, or is so no longer, since that was announced. */
export function hasStaleChanged(state: DestinationState, nowMs: number): boolean {
  return (staleOf(state, nowMs) !== undefined) !== (alertsOf(state).isStale === true);
}

export function withStale(destinationId: string, state: DestinationState, nowMs: number): DestinationState {
  const stale = staleOf(state, nowMs);
  if (!stale) {
    const { isStale: _, ...rest } = alertsOf(state);
    return { ...state, alerts: rest };
  }
  const notice = {
    ...subjectOf(destinationId, state),
    kind: 'stale',
    at: stale.since,
    stale,
  } as const;
  return withNotice(withAlerts(state, { isStale: true }), notice);
}

/** Keeps the last failure of each receiver, until an alert arrives there. */
export function withDelivery(
  state: DestinationState,
  { failure, ...delivery }: AlertDelivery,
): DestinationState {
  const { undelivered = [], ...rest } = alertsOf(state);
  const others = undelivered.filter(({ receiver }) => receiver !== delivery.receiver);
  const left = failure ? [{ ...delivery, failure }, ...others].slice(0, UNDELIVERED_KEPT) : others;
  return { ...state, alerts: { ...rest, ...(left.length > 0 && { undelivered: left }) } };
}

function subjectOf(destinationId: string, { connection }: DestinationState) {
  return { destinationId, name: connection?.name ?? destinationId, labels: connection?.labels ?? [] };
}
