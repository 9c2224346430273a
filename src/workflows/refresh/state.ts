import type { ListedTarget } from '../../activities/list-destinations';
import type { OpenExport } from '../../activities/check-exports';
import { boundedLines } from '../../contract/ended-export';
import type { Reason } from '../../contract/reason';
import { checkIntervalMs } from '../check-interval';
import type { RefreshedDestination, RefreshResult } from '../../contract/refresh';

/** A destination that is to be asked for an export. */
export interface Target extends ListedTarget {
  /** How often it gave no answer, when it is asked again, and the last reason. */
  readonly silences?: number;
  readonly askAtMs?: number;
  readonly failure?: Reason;
  /** What became of a running export that the refresh joined. It had read its source before, so the destination is asked once more. */
  readonly first?: RefreshedDestination;
}

/** An export that was asked for and has not ended. */
export interface Asked extends OpenExport {
  readonly account: string;
  /** The export that the destination answered with; `exportId` is its successor where it was replanned. */
  readonly requested: string;
  readonly hasJoined?: true;
  /** It had read its source before the refresh asked: another export follows it. */
  readonly isOutdated?: true;
  readonly checks: number;
  readonly checkAtMs: number;
}

/** What a refresh knows; continue-as-new hands it on. Each destination is in one of the three lists. */
export interface RefreshState {
  readonly startedAtMs: number;
  readonly trigger: string;
  readonly isListed: boolean;
  readonly toAsk: readonly Target[];
  readonly open: readonly Asked[];
  readonly lines: readonly RefreshedDestination[];
  /** Destinations beyond the most that a refresh takes. */
  readonly left: number;
}

export function newRefresh(startedAtMs: number, trigger: string): RefreshState {
  return { startedAtMs, trigger, isListed: false, toAsk: [], open: [], lines: [], left: 0 };
}

/** The state as continue-as-new hands it on. */
export function toCarried(state: RefreshState): RefreshState {
  return { ...state, lines: boundedLines(state.lines) };
}

/** Checks at 1, 2, 5 and 10 minutes, then every 10. */
const MOST_MINUTES = 10;

function intervalMs(rounds: number): number {
  return checkIntervalMs(rounds, MOST_MINUTES);
}

export function withOpen(
  state: RefreshState,
  target: Target,
  asked: OpenExport & { readonly hasJoined?: true; readonly isOutdated?: true },
): RefreshState {
  const { destinationId, account, first } = target;
  const { exportId, number, hasJoined, isOutdated } = asked;
  const open: Asked = {
    destinationId,
    account,
    exportId,
    number,
    requested: exportId,
    ...(hasJoined && { hasJoined }),
    // Once: what has changed since may wait for the next refresh.
    ...(isOutdated && !first && { isOutdated }),
    checks: 0,
    checkAtMs: Date.now() + intervalMs(0),
  };
  return { ...without(state, destinationId), open: [...state.open, open] };
}

/** The result for one destination is known. */
export function withLine(state: RefreshState, line: RefreshedDestination): RefreshState {
  const asked = state.open.find(({ destinationId }) => destinationId === line.destinationId);
  const hasJoined = asked?.hasJoined && { hasJoined: true as const };
  const result = { ...line, ...hasJoined };
  const rest = without(state, line.destinationId);
  if (asked?.isOutdated && UP_TO_DATE.has(line.result)) {
    const { destinationId, account } = asked;
    return { ...rest, toAsk: [...rest.toAsk, { destinationId, account, first: result }] };
  }
  return { ...rest, lines: [...state.lines, result] };
}

const UP_TO_DATE = new Set<RefreshResult>(['exported', 'unchanged']);

/** The export is still open. */
export function withCheck(state: RefreshState, destinationId: string, successor?: OpenExport): RefreshState {
  const checked = (asked: Asked): Asked => {
    if (asked.destinationId !== destinationId) return asked;
    const { exportId, number } = successor ?? asked;
    const checks = asked.checks + 1;
    return { ...asked, exportId, number, checks, checkAtMs: Date.now() + intervalMs(checks) };
  };
  return { ...state, open: state.open.map(checked) };
}

/** How often a destination may give no answer: it is asked for ten minutes. */
const MOST_SILENCES = 5;

/** The destination gave no answer, and is asked again later. */
export function withSilence(state: RefreshState, target: Target, failure: Reason): RefreshState {
  const { destinationId, silences = 0, first } = target;
  if (silences + 1 >= MOST_SILENCES)
    return withLine(state, { destinationId, result: 'failed', failure, ...exportIn(first) });
  const askAtMs = Date.now() + intervalMs(silences);
  const again = { ...target, silences: silences + 1, askAtMs, failure };
  return { ...state, toAsk: [...without(state, destinationId).toAsk, again] };
}

/** The export that a line is about, where it is about one. */
export function exportIn(
  line: RefreshedDestination | undefined,
): Pick<RefreshedDestination, 'exportId' | 'number'> {
  const { exportId, number } = line ?? {};
  return { ...(exportId !== undefined && { exportId }), ...(number !== undefined && { number }) };
}

function without(state: RefreshState, destinationId: string): RefreshState {
  const isOther = (one: { readonly destinationId: string }) => one.destinationId !== destinationId;
  return { ...state, toAsk: state.toAsk.filter(isOther), open: state.open.filter(isOther) };
}
