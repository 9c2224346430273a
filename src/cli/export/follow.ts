import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import type { ExportRef } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import { ExportError, type ExportErrorCode } from '../../errors';
import { answer, type Invocation } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted } from '../shell/interrupted';
import { listenForStop } from '../shell/until-stopped';
import { describeReport } from '../text/report';
import { createProgress, type ProgressTeller } from './progress';

/** An export outlives workers and servers, so following it does too. */
const PASSING = new Set<ExportErrorCode>(['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE']);
const AGAIN_MS = 2_000;

/** Follows an export to its end with progress on standard error. @throws Interrupted at Ctrl-C: the export goes on */
export async function follow(
  { terminal }: Invocation,
  client: ExportClient,
  ref: ExportRef,
): Promise<ExportReport> {
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const interrupted = stop.asked.then(() => {
    throw new Interrupted(
      `The export goes on without this terminal. Watch it: temporal-mailchimp export watch ${ref.destinationId}`,
    );
  });
  const isOver = new AbortController();
  try {
    return await Promise.race([untilReport({ client, ref, progress, signal: isOver.signal }), interrupted]);
  } finally {
    isOver.abort();
    stop.off();
    progress.close();
  }
}

interface Following {
  readonly client: ExportClient;
  readonly ref: ExportRef;
  readonly progress: ProgressTeller;
  readonly signal: AbortSignal;
}

async function untilReport({ client, ref, progress, signal }: Following): Promise<ExportReport> {
  for (;;) {
    try {
      const views = client.follow(ref);
      for (;;) {
        const next = await views.next();
        if (next.done) {
          if (next.value.ending === 'completed') progress.finish();
          return next.value;
        }
        // After Ctrl-C the line below the last words is the shell's.
        signal.throwIfAborted();
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
  const { ending, failure } = report;
  answer(invocation, { json: report, text: () => describeReport(report) });
  if (ending === 'failed' && failure && !invocation.options.json) {
    invocation.terminal.err(`${failure.code}: ${failure.message}`);
  }
  return ending === 'failed' || ending === 'cancelled' ? EXIT_REFUSED : undefined;
}
