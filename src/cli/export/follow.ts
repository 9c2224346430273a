import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient, ExportHandle } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import type { ExportView } from '../../contract/export';
import type { ExportReport } from '../../contract/report';
import { isOutage, type ExportError } from '../../errors';
import { lazy } from '../lazy';
import { print, type Invocation, type Output } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted, listenForStop } from '../shell/terminal';
import { describeBlocked, describeView, type BlockedExport } from '../text/export';
import { describeReport } from '../text/report';
import { createProgress, type ProgressDisplay } from './progress';
import { whyNoSuccess, type FailLimits } from './rejects';

const POLL_MS = 1_000;

/** Where following an export ended: at its report, or where a person has to act before it goes on. */
export type Followed =
  | { readonly at: 'report'; readonly report: ExportReport }
  /** Held or stopped. */
  | { readonly at: 'state'; readonly view: ExportView }
  /** Queued behind an export that is held, stopped or paused. */
  | ({ readonly at: 'queue' } & BlockedExport);

/** What is followed, and how far. */
export interface FollowRequest {
  readonly client: ExportClient;
  readonly handle: ExportHandle;
  /**
   * States at which following ends. `stopped`: held exports are followed, which end by themselves after a day; a stopped one waits for a
   * person without limit, and so would a scheduled command.
   */
  readonly until: 'held or stopped' | 'stopped';
}

export type HeldView = ExportView & { readonly state: { readonly kind: 'held' } };

export function isHeld(view: ExportView): view is HeldView {
  return view.state.kind === 'held';
}

function endsFollowing({ state: { kind } }: ExportView, until: FollowRequest['until']): boolean {
  return kind === 'stopped' || (kind === 'held' && until === 'held or stopped');
}

/** Follows an export with progress on standard error. @throws Interrupted at Ctrl-C; the export continues */
export async function follow({ terminal }: Invocation, request: FollowRequest): Promise<Followed> {
  const { handle, until } = request;
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const over = new AbortController();
  // After Ctrl-C the shell prints its prompt; progress would overwrite it.
  void stop.requested.then(() => over.abort(interrupted(handle)));
  const options = { signal: over.signal, onOutage: (error: ExportError) => sayOutage(progress, error) };
  try {
    const blocked = await untilBegun(request, options);
    if (blocked) return blocked;
    for await (const view of handle.follow(options)) {
      if (endsFollowing(view, until)) return { at: 'state', view };
      // One that has failed is about to have its report, which says why.
      if (!view.failure) progress.update(view);
    }
    const report = await reportOf(handle, over.signal);
    if (report.status === 'completed') progress.finish();
    return { at: 'report', report };
  } finally {
    stop.off();
    progress.close();
  }
}

function interrupted({ destinationId }: ExportHandle): Interrupted {
  return new Interrupted(
    `The export continues without this terminal. To watch it: temporal-mailchimp export watch ${destinationId}`,
  );
}

function sayOutage(progress: ProgressDisplay, { code }: ExportError): void {
  progress.say(
    `${code}: no answer; trying again. The export itself continues as soon as server and worker run.`,
  );
}

/** Here an export that failed has a report like any other. */
async function reportOf(handle: ExportHandle, signal: AbortSignal): Promise<ExportReport> {
  try {
    return await handle.result({ signal });
  } catch (error) {
    if (error instanceof lazy.client().ExportFailedError) return error.report;
    throw error;
  }
}

interface Watching {
  readonly signal: AbortSignal;
  readonly onOutage: (error: ExportError) => void;
}

/** States that may last until a person acts. */
const LONG_STATES: readonly string[] = ['held', 'stopped', 'paused'] satisfies ExportView['state']['kind'][];

/** What a started export waits for: a person's decision about itself, which an earlier start may have begun, or about the one in front of it. */
export type Waiting =
  { readonly at: 'joined'; readonly view: ExportView } | Extract<Followed, { readonly at: 'queue' }>;

/** @returns undefined when an export that a start has joined or queued goes on by itself */
export async function findWaiting(client: ExportClient, handle: ExportHandle): Promise<Waiting | undefined> {
  const destination = await client.describe(handle.destinationId);
  const queued = queuedBehind(destination, handle);
  if (queued) return queued;
  const view = destination.running?.exportId === handle.id ? await handle.progress() : undefined;
  return view && LONG_STATES.includes(view.state.kind) ? { at: 'joined', view } : undefined;
}

/** @returns what the export is queued behind, if that waits for a person */
function queuedBehind(
  { running: behind, queued: waiting }: DestinationView,
  { destinationId, id }: ExportHandle,
): Extract<Followed, { readonly at: 'queue' }> | undefined {
  const queued = waiting.find(({ exportId }) => exportId === id);
  const isLong = behind?.now && LONG_STATES.includes(behind.now.state.kind);
  return queued && isLong ? { at: 'queue', destinationId, queued, behind } : undefined;
}

/** Waits while the export is queued. @returns what it is queued behind, as soon as that waits for a person */
async function untilBegun(
  { client, handle }: FollowRequest,
  { signal, onOutage }: Watching,
): Promise<Followed | undefined> {
  for (;;) {
    const view = await client.describe(handle.destinationId).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      onOutage(error);
    });
    signal.throwIfAborted();
    if (view && !view.queued.some(({ exportId }) => exportId === handle.id)) return undefined;
    const blocked = view && queuedBehind(view, handle);
    if (blocked) return blocked;
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Prints where following ended. @returns exit code 1 unless the export completed or was planned */
export function printFollowed(
  invocation: Invocation,
  followed: Followed,
  { rejects, warnings, ...link }: Pick<Output, 'webUi'> & FailLimits,
): number | undefined {
  switch (followed.at) {
    case 'report':
      return exitCodeOf(invocation, followed.report, {
        code: printReport(invocation, followed.report, link),
        limits: { rejects, warnings },
      });
    case 'state':
      print(invocation, { json: followed.view, text: (page) => describeView(followed.view, page), ...link });
      return EXIT_REFUSED;
    case 'queue':
      print(invocation, { json: followed, text: () => describeBlocked(followed), ...link });
      return EXIT_REFUSED;
    default:
      return followed satisfies never;
  }
}

/** @returns exit code 1, after saying why, also for a completed export with too many rejects or warnings */
function exitCodeOf(
  { terminal }: Invocation,
  report: ExportReport,
  { code, limits }: { readonly code: number | undefined; readonly limits: FailLimits },
): number | undefined {
  if (code !== undefined) return code;
  const why = whyNoSuccess(report, limits);
  if (why === undefined) return undefined;
  terminal.err(why);
  return EXIT_REFUSED;
}

/** Prints the report, with the reason of a failure. @returns exit code 1 unless it completed or planned */
export function printReport(
  invocation: Invocation,
  report: ExportReport,
  link: Pick<Output, 'webUi'>,
): number | undefined {
  const { status } = report;
  print(invocation, { json: report, text: (page) => describeReport(report, page), ...link });
  return status === 'completed' || status === 'planned' ? undefined : EXIT_REFUSED;
}
