import type { ExportClient, StartedExportHandle } from '../../client';
import type { ExportOptionsInput } from '../../contract/destination';
import { describeState } from '../../text/describe-export';
import { EXIT_REFUSED } from '../shell/failure';
import type { Page } from '../text/page';
import { print, sayLink, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { describeView } from '../text/export';
import { findExport } from './find';
import { follow, followUntilHeld, printReport } from './follow';

interface StartOptions extends ExportOptionsInput {
  readonly wait: boolean;
  readonly trigger: string;
}

export async function startExport(
  invocation: Invocation,
  destinationId: string,
  { wait, trigger, ...options }: StartOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi }) => {
    const started = await client.start(destinationId, { options, trigger });
    const link = webUi.export(destinationId, started.firstExecutionRunId);
    if (!wait) {
      print(invocation, { json: toJson(started), text: () => describeStart(started), webUi: link });
      return undefined;
    }
    invocation.terminal.err(describeStart(started));
    sayLink(invocation, link);
    if (started.disposition === 'queued') await sayIfHeld(invocation, client, destinationId);
    const ended = await followUntilHeld(invocation, started);
    if ('status' in ended) return printReport(invocation, ended, inDocument(invocation, link));
    const text = (page: Page) => describeView(ended, page);
    print(invocation, { json: ended, text, ...inDocument(invocation, link) });
    return EXIT_REFUSED;
  });
}

/** The link is on standard error already; only the document has it as well. */
function inDocument({ options }: Invocation, link: string | null): { readonly webUi?: string | null } {
  return options.json ? { webUi: link } : {};
}

function toJson(started: StartedExportHandle) {
  const { id: exportId, number, workflowId, firstExecutionRunId, disposition } = started;
  return { exportId, number, workflowId, firstExecutionRunId, disposition };
}

/** A queued export waits for the running one, which may wait for a person. */
async function sayIfHeld({ terminal }: Invocation, client: ExportClient, name: string): Promise<void> {
  const { running } = await client.describe(name);
  const view =
    running && (await client.handle({ destinationId: name, exportId: running.exportId }).progress());
  if (view?.state.kind === 'held') terminal.err(`Export ${view.number}: ${describeState(view)}`);
}

/** Starts an export that ends before it sends anything. */
export async function planExport(
  invocation: Invocation,
  destinationId: string,
  options: ExportOptionsInput,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi }) => {
    const handle = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    const link = webUi.export(destinationId, handle.firstExecutionRunId);
    sayLink(invocation, link);
    return printReport(invocation, await follow(invocation, handle), inDocument(invocation, link));
  });
}

export async function watchExport(
  invocation: Invocation,
  destinationId: string,
  which: string | undefined,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi }) => {
    const { exportId, isLatest } = findExport(await client.describe(destinationId), which);
    const link = isLatest ? webUi.export(destinationId) : null;
    sayLink(invocation, link);
    const report = await follow(invocation, client.handle({ destinationId, exportId }));
    return printReport(invocation, report, inDocument(invocation, link));
  });
}

function describeStart({ destinationId, id, number, disposition }: StartedExportHandle): string {
  const what = {
    started: `Export ${number} of "${destinationId}" has started`,
    joined: `Export ${number} of "${destinationId}" already does the same, so no second export was started`,
    queued: `Export ${number} of "${destinationId}" waits until the running export has ended`,
  }[disposition];
  return `${what} (${id}).`;
}
