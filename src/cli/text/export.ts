import type { DestinationView, QueuedExport, RunningExport } from '../../contract/destination-view';
import type { ExportView } from '../../contract/export';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import { isPlanned, kindOf, type ExportReport } from '../../contract/report';
import {
  describeProgress,
  describeState,
  describeStateShortly,
  jobLabel,
  jobTitle,
} from '../../text/describe-export';
import { count, duration, instant } from '../../text/format';
import { progressOf } from '../../text/progress';
import { PLAIN_PAGE, type Page } from './page';
import { pairs, table, type Cell } from './table';
import { STATUS_TONE, tonedState } from './tones';

/** What `export show` prints for a running export. */
export function describeView(view: ExportView, page: Page = PLAIN_PAGE): string {
  const { ref, startedAt } = view;
  const progress = progressOf(view);
  return [
    `${jobTitle(view)} of ${ref.destinationId}: ${tonedState(page, view, describeState(view, { layout: 'in lines' }))}`,
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
    ? `\n${describeState({ ...behind.now, ref: { destinationId, exportId: behind.exportId } }, { layout: 'in lines' })}`
    : '';
  const command = (verb: string) => `temporal-mailchimp export ${verb} ${destinationId} ${jobLabel(queued)}`;
  const inFront = jobTitle(behind).toLowerCase();
  return [
    `${jobTitle(queued)} of ${destinationId} is queued behind ${inFront}, which is ${describeRunning(behind)}.${state}`,
    `${jobTitle(queued)} starts when ${inFront} has ended.\nTo watch it: ${command('watch')}\nTo cancel it: ${command('cancel')}`,
  ].join('\n\n');
}

/** An export that waits for a person, and that a start has joined. */
export function describeJoined(view: ExportView): string {
  const { ref, state, plan } = view;
  const end = state.kind === 'held' ? 'deny' : 'cancel';
  const command = (verb: string) => `temporal-mailchimp export ${verb} ${ref.destinationId}`;
  return [
    `${jobTitle(view)} of ${ref.destinationId} already does the same, so no second export was started. It is ${describeStateShortly(view)}` +
      `${plan ? ', and was planned from the data of an earlier time' : ''}.\n${describeState(view, { layout: 'in lines' })}`,
    ...(plan
      ? [
          `To export the data of now, ${end} it first, then start again:\n${command(end)}\n${command('start')}`,
        ]
      : []),
  ].join('\n\n');
}

export function exportTable(
  { running, queued, exports }: Pick<DestinationView, 'running' | 'queued' | 'exports'>,
  page: Page = PLAIN_PAGE,
): string {
  const open = openExports({ running, queued }).map(({ label, exportId, state }) => [label, exportId, state]);
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

interface OpenExport {
  /** Its number, as commands take it. */
  readonly label: string;
  readonly exportId: string;
  /** The state, and since when. */
  readonly state: string;
}

/** The exports that have not ended, newest first. */
export function openExports({
  running,
  queued,
}: Pick<DestinationView, 'running' | 'queued'>): readonly OpenExport[] {
  const waiting = queued.map((job) => openExport(job, describeQueued(job)));
  const now = running ? [openExport(running, describeRunning(running))] : [];
  return [...waiting.toReversed(), ...now];
}

function openExport(job: QueuedExport | RunningExport, state: string): OpenExport {
  return { label: jobLabel(job), exportId: job.exportId, state };
}

function describeQueued({ since }: QueuedExport): string {
  return since === undefined ? 'queued' : `queued since ${instant(since)}`;
}

function describeRunning({ now }: RunningExport): string {
  return now ? describeStateShortly(now) : 'running';
}

function exportRow(report: ExportReport): Cell[] {
  const { number, exportId, failure, startedAt, durationMs, selected, outcomes } = report;
  const kind = kindOf(report);
  const status = report.undo ? `${statusOf(report)} (undo of ${report.undo.number})` : statusOf(report);
  const isOfNoProfiles = kind === 'verify' || kind === 'forget';
  const isUncounted = isPlanned(report) || isOfNoProfiles;
  return [
    jobLabel({ kind, number }),
    exportId,
    { text: failure ? `${status}: ${failure.code}` : status, tone: STATUS_TONE[report.status] },
    instant(startedAt),
    duration(durationMs),
    isOfNoProfiles ? '' : count(selected),
    isUncounted ? '' : count(changedIn(outcomes)),
    isUncounted ? '' : count(notExported(report)),
  ];
}

function statusOf(report: ExportReport): string {
  const { status, verification } = report;
  if (verification)
    return verification.differing === 0 ? 'none differs' : `${count(verification.differing)} differ`;
  const kind = kindOf(report);
  return kind === 'export' || isPlanned(report) ? status : `${kind} ${status}`;
}

/** The number of rows that `export failures` lists. */
export function notExported({ outcomes }: ExportReport): number {
  return NOT_EXPORTED_OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0);
}

/** Outcomes of contacts that an export has changed. */
const CHANGED = ['created', 'updated', 'removed', 'archived'] as const;

function changedIn(outcomes: ExportReport['outcomes']): number {
  // A report of an earlier version lacks `archived`.
  return CHANGED.reduce((sum, name) => sum + (outcomes[name] > 0 ? outcomes[name] : 0), 0);
}
