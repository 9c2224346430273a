import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import { ExportError, type ExportErrorCode } from '../../errors';
import { print, type Invocation } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted, listenForStop } from '../shell/terminal';
import { describeReport } from '../text/report';
import { createProgress, type ProgressDisplay } from './progress';

/** An export outlives its workers and the server, so following it must survive their outages. */
const TRANSIENT = new Set<ExportErrorCode>(['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE']);
const RETRY_MS = 2_000;

/** Follows an export to its end, with progress on standard error. @throws Interrupted at Ctrl-C; the export continues */
export async function follow(
  invocation: Invocation,
  client: ExportClient,
  ref: ExportRef,
): Promise<ExportReport> {
  return followTo(invocation, { client, ref, stopAt: (_view): _view is never => false });
}

/** Like `follow`, but returns the view as soon as the export is held. */
export async function followUntilHeld(
  invocation: Invocation,
  client: ExportClient,
  ref: ExportRef,
): Promise<ExportReport | HeldView> {
  return followTo(invocation, { client, ref, stopAt: isHeld });
}

export type HeldView = ExportView & { readonly state: { readonly kind: 'held' } };

export function isHeld(view: ExportView): view is HeldView {
  return view.state.kind === 'held';
}

async function followTo<Last extends ExportView>(
  { terminal }: Invocation,
  options: Pick<Following<Last>, 'client' | 'ref' | 'stopAt'>,
): Promise<ExportReport | Last> {
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const interrupted = stop.requested.then(() => {
    throw new Interrupted(
      `The export continues without this terminal. To watch it: temporal-mailchimp export watch ${options.ref.destinationId}`,
    );
  });
  const isOver = new AbortController();
  try {
    return await Promise.race([
      followThroughOutages({ ...options, progress, signal: isOver.signal }),
      interrupted,
    ]);
  } finally {
    isOver.abort();
    stop.off();
    progress.close();
  }
}

interface Following<Last extends ExportView> {
  readonly client: ExportClient;
  readonly ref: ExportRef;
  readonly progress: ProgressDisplay;
  readonly signal: AbortSignal;
  /** True for the view at which following ends. */
  readonly stopAt: (view: ExportView) => view is Last;
}

async function followThroughOutages<Last extends ExportView>(
  following: Following<Last>,
): Promise<ExportReport | Last> {
  const { client, ref, progress, signal, stopAt } = following;
  for (;;) {
    try {
      const views = client.follow(ref);
      for (;;) {
        const next = await views.next();
        if (next.done) {
          if (next.value.status === 'completed') progress.finish();
          return next.value;
        }
        // After Ctrl-C the shell prints its prompt; progress would overwrite it.
        signal.throwIfAborted();
        if (stopAt(next.value)) return next.value;
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

/** Prints the report to standard output and its failure to standard error. @returns exit code 1 unless it completed or planned */
export function printReport(invocation: Invocation, report: ExportReport): number | undefined {
  const { status, failure } = report;
  print(invocation, { json: report, text: (page) => describeReport(report, page) });
  if (status === 'failed' && failure && !invocation.options.json) {
    invocation.terminal.err(`${failure.code}: ${failure.message}`);
  }
  return status === 'completed' || status === 'planned' ? undefined : EXIT_REFUSED;
}
