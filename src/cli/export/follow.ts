import type { ExportHandle } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ExportReport } from '../../contract/report';
import type { ExportError } from '../../errors';
import { lazy } from '../lazy';
import { print, type Invocation, type Output } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted, listenForStop } from '../shell/terminal';
import { describeReport } from '../text/report';
import { createProgress, type ProgressDisplay } from './progress';

/** Follows an export to its end, with progress on standard error. @throws Interrupted at Ctrl-C; the export continues */
export async function follow(invocation: Invocation, handle: ExportHandle): Promise<ExportReport> {
  return followTo(invocation, handle, (_view): _view is never => false);
}

/** Like `follow`, but returns the view as soon as the export is held. */
export async function followUntilHeld(
  invocation: Invocation,
  handle: ExportHandle,
): Promise<ExportReport | HeldView> {
  return followTo(invocation, handle, isHeld);
}

export type HeldView = ExportView & { readonly state: { readonly kind: 'held' } };

export function isHeld(view: ExportView): view is HeldView {
  return view.state.kind === 'held';
}

/** @param isLast true for the view at which following ends */
async function followTo<Last extends ExportView>(
  { terminal }: Invocation,
  handle: ExportHandle,
  isLast: (view: ExportView) => view is Last,
): Promise<ExportReport | Last> {
  const progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  const over = new AbortController();
  // After Ctrl-C the shell prints its prompt; progress would overwrite it.
  void stop.requested.then(() => over.abort(interrupted(handle)));
  const options = { signal: over.signal, onOutage: (error: ExportError) => sayOutage(progress, error) };
  try {
    for await (const view of handle.follow(options)) {
      if (isLast(view)) return view;
      progress.update(view);
    }
    const report = await reportOf(handle, over.signal);
    if (report.status === 'completed') progress.finish();
    return report;
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

/** Prints the report to standard output and its failure to standard error. @returns exit code 1 unless it completed or planned */
export function printReport(
  invocation: Invocation,
  report: ExportReport,
  link: Pick<Output, 'webUi'>,
): number | undefined {
  const { status, failure } = report;
  print(invocation, { json: report, text: (page) => describeReport(report, page), ...link });
  if (status === 'failed' && failure && !invocation.options.json) {
    invocation.terminal.err(`${failure.code}: ${failure.message}`);
  }
  return status === 'completed' || status === 'planned' ? undefined : EXIT_REFUSED;
}
