import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import { ExportError, type ExportErrorCode } from '../../errors';
import { print, type Invocation } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted, listenForStop } from '../shell/terminal';
import { describeBlocked, describeView, type BlockedExport } from '../text/export';
import { describeReport } from '../text/report';
import { createProgress, type ProgressDisplay } from './progress';

/** An export outlives its workers and the server, so following it must survive their outages. */
const TRANSIENT = new Set<ExportErrorCode>(['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE']);
const RETRY_MS = 2_000;
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
  readonly ref: ExportRef;
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
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const interrupted = stop.requested.then(() => {
    throw new Interrupted(
      `The export continues without this terminal. To watch it: temporal-mailchimp export watch ${request.ref.destinationId}`,
    );
  });
  const isOver = new AbortController();
  try {
    return await Promise.race([
      followThroughOutages({ ...request, progress, signal: isOver.signal }),
      interrupted,
    ]);
  } finally {
    isOver.abort();
    stop.off();
    progress.close();
  }
}

interface Following extends FollowRequest {
  readonly progress: ProgressDisplay;
  readonly signal: AbortSignal;
}

async function followThroughOutages(following: Following): Promise<Followed> {
  const { client, ref, until, progress, signal } = following;
  for (;;) {
    try {
      const blocked = await untilBegun(following);
      if (blocked) return blocked;
      const views = client.follow(ref);
      for (;;) {
        const next = await views.next();
        if (next.done) {
          if (next.value.status === 'completed') progress.finish();
          return { at: 'report', report: next.value };
        }
        // After Ctrl-C the shell prints its prompt; progress would overwrite it.
        signal.throwIfAborted();
        if (endsFollowing(next.value, until)) return { at: 'state', view: next.value };
        progress.update(next.value);
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof ExportError) || !TRANSIENT.has(error.code)) throw error;
      progress.say(
        `${error.code}: no answer; trying again. The export itself continues as soon as server and worker run.`,
      );
      await delay(RETRY_MS);
    }
  }
}

const LONG_STATES: readonly string[] = ['held', 'stopped', 'paused'];

/** Waits while the export is queued. @returns what it is queued behind, as soon as that waits for a person */
async function untilBegun({ client, ref, signal }: Following): Promise<Followed | undefined> {
  for (;;) {
    const { running, queued } = await client.describe(ref.destinationId);
    const own = queued.find(({ exportId }) => exportId === ref.exportId);
    if (!own) return undefined;
    signal.throwIfAborted();
    if (running?.now && LONG_STATES.includes(running.now.state.kind)) {
      return { at: 'queue', destinationId: ref.destinationId, queued: own, behind: running };
    }
    await delay(POLL_MS);
  }
}

/** Prints where following ended. @returns exit code 1 unless the export completed or was planned */
export function printFollowed(invocation: Invocation, followed: Followed): number | undefined {
  switch (followed.at) {
    case 'report':
      return printReport(invocation, followed.report);
    case 'state':
      print(invocation, { json: followed.view, text: () => describeView(followed.view) });
      return EXIT_REFUSED;
    case 'queue':
      print(invocation, { json: followed, text: () => describeBlocked(followed) });
      return EXIT_REFUSED;
    default:
      return followed satisfies never;
  }
}

/** Prints the report, with the reason of a failure. @returns exit code 1 unless it completed or planned */
export function printReport(invocation: Invocation, report: ExportReport): number | undefined {
  const { status } = report;
  print(invocation, { json: report, text: () => describeReport(report) });
  return status === 'completed' || status === 'planned' ? undefined : EXIT_REFUSED;
}
