import type { DestinationView } from '../../contract/destination';
import type { ExportReport } from '../../contract/report';
import { count, duration, instant } from './numbers';
import { table } from './table';

export function exportTable({
  running,
  queued,
  exports,
}: Pick<DestinationView, 'running' | 'queued' | 'exports'>): string {
  const waiting = queued > 0 ? [['', '', `${count(queued)} waiting`]] : [];
  const open = running ? [[String(running.number), running.exportId, 'running']] : [];
  return table(
    ['N', 'EXPORT', 'STATUS', 'STARTED', 'TOOK', 'SELECTED', 'SENT', 'NOT EXPORTED'],
    [...waiting, ...open, ...exports.map(exportRow)],
  );
}

function exportRow(report: ExportReport): string[] {
  const { number, exportId, status, failure, startedAt, durationMs, selected, outcomes } = report;
  return [
    String(number),
    exportId,
    failure ? `${status}: ${failure.code}` : status,
    instant(startedAt),
    duration(durationMs),
    count(selected),
    status === 'planned' ? '' : count(outcomes.created + outcomes.updated + outcomes.removed),
    status === 'planned' ? '' : count(notExported(report)),
  ];
}

/** Subjects whose rows `export failures` lists. */
export function notExported({ outcomes }: ExportReport): number {
  const { invalid, duplicate, suppressed, throttled, rejected, unproven, not_sent } = outcomes;
  return invalid + duplicate + suppressed + throttled + rejected + unproven + not_sent;
}
