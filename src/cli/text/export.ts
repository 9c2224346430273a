import type { DestinationView, QueuedExport, RunningExport } from '../../contract/destination';
import type { ExportView } from '../../contract/export';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import { isPlanned, type ExportReport } from '../../contract/report';
import { describeProgress, describeState, describeStateShortly } from '../../text/describe-export';
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

/** A queued export, and the one in front of it, which waits for a person. */
export interface BlockedExport {
  readonly destinationId: string;
  readonly queued: QueuedExport;
  readonly behind: RunningExport;
}

export function describeBlocked({ destinationId, queued, behind }: BlockedExport): string {
  const state = behind.now
    ? `\n${describeState({ ...behind.now, ref: { destinationId, exportId: behind.exportId } })}`
    : '';
  return [
    `Export ${queued.number} of ${destinationId} is queued behind export ${behind.number}, which is ${describeRunning(behind)}.${state}`,
    `Export ${queued.number} starts when export ${behind.number} has ended. ` +
      `To watch it: temporal-mailchimp export watch ${destinationId} ${queued.number} ` +
      `To take it back: temporal-mailchimp export cancel ${destinationId} ${queued.number}`,
  ].join('\n\n');
}

export function exportTable(
  { running, queued, exports }: Pick<DestinationView, 'running' | 'queued' | 'exports'>,
  page: Page = PLAIN_PAGE,
): string {
  const open = openExports({ running, queued }).map(({ number, exportId, state }) => [
    String(number),
    exportId,
    state,
  ]);
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
    [...open, ...exports.map(exportRow)],
    page,
  );
}

interface OpenExport extends Pick<RunningExport, 'number' | 'exportId'> {
  /** The state, and since when. */
  readonly state: string;
}

/** The exports that have not ended, newest first. */
export function openExports({
  running,
  queued,
}: Pick<DestinationView, 'running' | 'queued'>): readonly OpenExport[] {
  const waiting = queued.map((job) => ({ ...job, state: describeQueued(job) }));
  const now = running ? [{ ...running, state: describeRunning(running) }] : [];
  return [...waiting.toReversed(), ...now];
}

function describeQueued({ since }: QueuedExport): string {
  return since === undefined ? 'queued' : `queued since ${instant(since)}`;
}

function describeRunning({ now }: RunningExport): string {
  return now ? describeStateShortly(now) : 'running';
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
