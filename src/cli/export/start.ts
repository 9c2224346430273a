import type { ExportOptionsInput, StartedExport } from '../../contract/destination';
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
      print(invocation, { json: started, text: () => describeStart(destinationId, started) });
      return undefined;
    }
    invocation.terminal.err(describeStart(destinationId, started));
    const running = started.disposition === 'queued' ? await client.progress(destinationId) : undefined;
    if (running?.state.kind === 'held')
      invocation.terminal.err(`Export ${running.number}: ${describeState(running)}`);
    const ended = await followUntilHeld(invocation, client, { destinationId, exportId: started.exportId });
    if ('status' in ended) return printReport(invocation, ended);
    print(invocation, { json: ended, text: (page) => describeView(ended, page) });
    return EXIT_REFUSED;
  });
}

/** Starts an export that ends before it sends anything. */
export async function planExport(
  invocation: Invocation,
  destinationId: string,
  options: ExportOptionsInput,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { exportId } = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    const report = await follow(invocation, client, { destinationId, exportId });
    return printReport(invocation, report);
  });
}

export async function watchExport(
  invocation: Invocation,
  destinationId: string,
  which: string | undefined,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { exportId } = findExport(await client.describe(destinationId), which);
    return printReport(invocation, await follow(invocation, client, { destinationId, exportId }));
  });
}

function describeStart(destinationId: string, { number, exportId, disposition }: StartedExport): string {
  const what = {
    started: `Export ${number} of "${destinationId}" has started`,
    joined: `Export ${number} of "${destinationId}" already does the same, so no second export was started`,
    queued: `Export ${number} of "${destinationId}" waits until the running export has ended`,
  }[disposition];
  return `${what} (${exportId}).`;
}
