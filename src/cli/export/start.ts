import type { ExportClient, StartedExportHandle } from '../../client';
import type { ExportOptionsInput } from '../../contract/destination';
import { describeState } from '../../text/describe-export';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
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
  return withClient(invocation, async (client) => {
    const started = await client.start(destinationId, { options, trigger });
    if (!wait) {
      print(invocation, { json: toJson(started), text: () => describeStart(started) });
      return undefined;
    }
    invocation.terminal.err(describeStart(started));
    if (started.disposition === 'queued') await sayIfHeld(invocation, client, destinationId);
    const ended = await followUntilHeld(invocation, started);
    if ('status' in ended) return printReport(invocation, ended);
    print(invocation, { json: ended, text: (page) => describeView(ended, page) });
    return EXIT_REFUSED;
  });
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
  return withClient(invocation, async (client) => {
    const handle = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    return printReport(invocation, await follow(invocation, handle));
  });
}

export async function watchExport(
  invocation: Invocation,
  destinationId: string,
  which: string | undefined,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { exportId } = findExport(await client.describe(destinationId), which);
    return printReport(invocation, await follow(invocation, client.handle({ destinationId, exportId })));
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
