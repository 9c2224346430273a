import type { DestinationView } from '../../contract/destination';
import type { ExportView } from '../../contract/export';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import { isPlanned, type ExportReport } from '../../contract/report';
import { describeProgress, describeState } from '../../text/describe-export';
import { count, duration, instant } from '../../text/format';
import { progressOf } from '../../text/progress';
import { PLAIN_PAGE, type Page } from './page';
import { pairs, table, type Cell } from './table';
import { STATUS_TONE, tonedState } from './tones';

/** What `export show` prints for a running export. */
export function describeView(view: ExportView, page: Page = PLAIN_PAGE): string {
  const { number, ref, startedAt } = view;
  const progress = progressOf(view);
  return [
    `Export ${number} of ${ref.destinationId}: ${tonedState(page, view, describeState(view))}`,
    pairs(
      [
        ['Export', ref.exportId],
        ['Started', instant(startedAt)],
        ...(progress
          ? ([['Changes', `${count(progress.done)} of ${count(progress.total)} done`]] as const)
          : []),
        ...describeProgress(view),
      ],
      page,
    ),
  ].join('\n\n');
}

export function exportTable(
  { running, queued, exports }: Pick<DestinationView, 'running' | 'queued' | 'exports'>,
  page: Page = PLAIN_PAGE,
): string {
  const waiting = queued > 0 ? [['', '', `${count(queued)} queued`]] : [];
  const open = running ? [[String(running.number), running.exportId, 'running']] : [];
  return table(
    [
      'NUMBER',
      { optional: 'EXPORT' },
      'STATUS',
      { optional: 'STARTED' },
      { optional: 'TOOK' },
      'SELECTED',
      'SENT',
      'NOT EXPORTED',
    ],
    [...waiting, ...open, ...exports.map(exportRow)],
    page,
  );
}

function exportRow(report: ExportReport): Cell[] {
  const { number, exportId, status, failure, startedAt, durationMs, selected, outcomes } = report;
  return [
    String(number),
    exportId,
    { text: failure ? `${status}: ${failure.code}` : status, tone: STATUS_TONE[status] },
    instant(startedAt),
    duration(durationMs),
    count(selected),
    isPlanned(report) ? '' : count(outcomes.created + outcomes.updated + outcomes.removed),
    isPlanned(report) ? '' : count(notExported(report)),
  ];
}

/** The number of rows that `export failures` lists. */
export function notExported({ outcomes }: ExportReport): number {
  return NOT_EXPORTED_OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0);
}
