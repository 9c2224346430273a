import { boundedLines } from '../../contract/ended-export';
import type { RefreshedDestination, RefreshReport } from '../../contract/refresh';
import { ExportError } from '../../errors';
import { countOf } from '../../text/format';
import { exportIn, type RefreshState } from './state';

/** @throws ExportError with the code of the first failure, when no destination could be asked */
export function toReport(state: RefreshState): RefreshReport {
  const { startedAtMs, left } = state;
  const destinations = [...state.lines, ...unfinishedOf(state)].toSorted((one, other) =>
    one.destinationId < other.destinationId ? -1 : 1,
  );
  requireAsked(destinations);
  return {
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Date.now() - startedAtMs,
    destinations: boundedLines(destinations),
    left,
  };
}

function unfinishedOf({ toAsk, open }: RefreshState): RefreshedDestination[] {
  return [
    ...open.map(({ destinationId, exportId, number, hasJoined }): RefreshedDestination => ({
      destinationId,
      result: 'unfinished',
      exportId,
      number,
      ...(hasJoined && { hasJoined }),
    })),
    ...toAsk.map(({ destinationId, failure, first }): RefreshedDestination => ({
      destinationId,
      ...(failure ? { result: 'failed', failure } : { result: 'unfinished' }),
      ...exportIn(first),
      ...(first?.hasJoined && { hasJoined: true }),
    })),
  ];
}

/** A schedule may be paused when its workflow fails: so one that has asked a single destination completes. */
function requireAsked(destinations: readonly RefreshedDestination[]): void {
  const [first] = destinations;
  if (!first?.failure || !destinations.every(couldNotBeAsked)) return;
  const { code, message } = first.failure;
  throw new ExportError(
    code,
    `None of ${countOf(destinations.length, 'destination')} could be asked for an export. ${first.destinationId}: ${message}`,
  );
}

function couldNotBeAsked({ result, exportId }: RefreshedDestination): boolean {
  return result === 'failed' && exportId === undefined;
}
