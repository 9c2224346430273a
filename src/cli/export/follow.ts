import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import { ExportError, type ExportErrorCode } from '../../errors';
import { print, type Invocation } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted } from '../shell/terminal';
import { listenForStop } from '../shell/until-stopped';
import { describeReport } from '../text/report';
import { createProgress, type ProgressTeller } from './progress';

/** An export outlives workers and servers, so following it does too. */
const PASSING = new Set<ExportErrorCode>(['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE']);
const AGAIN_MS = 2_000;

/** Follows an export to its end with progress on standard error. @throws Interrupted at Ctrl-C: the export goes on */
export async function follow(
  invocation: Invocation,
  client: ExportClient,
  ref: ExportRef,
): Promise<ExportReport> {
  return followTo(invocation, { client, ref, isEnough: (_view): _view is never => false });
}

/** The same, but returns where it stands as soon as it is held. */
export async function followUntilHeld(
  invocation: Invocation,
  client: ExportClient,
  ref: ExportRef,
): Promise<ExportReport | HeldView> {
  return followTo(invocation, { client, ref, isEnough: isHeld });
}

type HeldView = ExportView & { readonly state: { readonly kind: 'held' } };

function isHeld(view: ExportView): view is HeldView {
  return view.state.kind === 'held';
}

async function followTo<Enough extends ExportView>(
  { terminal }: Invocation,
  asked: Pick<Following<Enough>, 'client' | 'ref' | 'isEnough'>,
): Promise<ExportReport | Enough> {
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const interrupted = stop.asked.then(() => {
    throw new Interrupted(
      `The export goes on without this terminal. Watch it: temporal-mailchimp export watch ${asked.ref.destinationId}`,
    );
  });
  const isOver = new AbortController();
  try {
    return await Promise.race([untilReport({ ...asked, progress, signal: isOver.signal }), interrupted]);
  } finally {
    isOver.abort();
    stop.off();
    progress.close();
  }
}

interface Following<Enough extends ExportView> {
  readonly client: ExportClient;
  readonly ref: ExportRef;
  readonly progress: ProgressTeller;
  readonly signal: AbortSignal;
  /** Ends the following at a view. */
  readonly isEnough: (view: ExportView) => view is Enough;
}

async function untilReport<Enough extends ExportView>(
  following: Following<Enough>,
): Promise<ExportReport | Enough> {
  const { client, ref, progress, signal, isEnough } = following;
  for (;;) {
    try {
      const views = client.follow(ref);
      for (;;) {
        const next = await views.next();
        if (next.done) {
          if (next.value.status === 'completed') progress.finish();
          return next.value;
        }
        // After Ctrl-C the line below the last words is the shell's.
        signal.throwIfAborted();
        if (isEnough(next.value)) return next.value;
        progress.update(next.value);
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof ExportError) || !PASSING.has(error.code)) throw error;
      progress.say(`${error.code}: nobody answers just now. The export goes on when a worker runs again.`);
      await delay(AGAIN_MS);
    }
  }
}

/** Prints the report, and why it failed where errors go. @returns 1 for an export that did not end well */
export function tellReport(invocation: Invocation, report: ExportReport): number | undefined {
  const { status, failure } = report;
  print(invocation, { json: report, text: () => describeReport(report) });
  if (status === 'failed' && failure && !invocation.options.json) {
    invocation.terminal.err(`${failure.code}: ${failure.message}`);
  }
  return status === 'completed' || status === 'planned' ? undefined : EXIT_REFUSED;
}
