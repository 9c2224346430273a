import type { StartedExportHandle } from '../../client';
import type { ExportOptionsInput } from '../../contract/destination';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { findExport } from './find';
import { follow, printFollowed } from './follow';

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
    const handle = await client.start(destinationId, { options, trigger });
    if (!wait) {
      print(invocation, { json: toJson(handle), text: () => describeStart(handle) });
      return undefined;
    }
    invocation.terminal.err(describeStart(handle));
    return printFollowed(invocation, await follow(invocation, { client, handle, until: 'held or stopped' }));
  });
}

function toJson(started: StartedExportHandle) {
  const { id: exportId, number, workflowId, firstExecutionRunId, disposition } = started;
  return { exportId, number, workflowId, firstExecutionRunId, disposition };
}

/** Starts an export that ends before it sends anything. */
export async function planExport(
  invocation: Invocation,
  destinationId: string,
  options: ExportOptionsInput,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const handle = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    return printFollowed(invocation, await follow(invocation, { client, handle, until: 'held or stopped' }));
  });
}

export async function watchExport(
  invocation: Invocation,
  destinationId: string,
  which: string | undefined,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { exportId } = findExport(await client.describe(destinationId), which);
    const handle = client.handle({ destinationId, exportId });
    return printFollowed(invocation, await follow(invocation, { client, handle, until: 'stopped' }));
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
