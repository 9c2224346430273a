import type { StartedExportHandle } from '../../client';
import type { ExportOptionsInput } from '../../contract/export-options';
import { EXIT_REFUSED } from '../shell/failure';
import { print, sayLink, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { userName } from '../shell/user-name';
import { describeBlocked, describeJoined } from '../text/export';
import { sayWhereFileDiffers } from './file-differs';
import { findExport } from './find';
import type { RejectLimit } from '../../contract/rejects';
import type { FailLimits } from './rejects';
import { findWaiting, follow, printFollowed, type Waiting } from './follow';

interface StartOptions extends ExportOptionsInput {
  readonly wait: boolean;
  readonly trigger: string;
  readonly failOnRejects?: RejectLimit;
  readonly as?: string;
  readonly failOnWarnings?: RejectLimit;
}

export async function startExport(
  invocation: Invocation,
  destinationId: string,
  {
    wait,
    trigger,
    failOnRejects: rejects,
    failOnWarnings: warnings,
    as: by = userName(),
    ...options
  }: StartOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi, config }) => {
    await sayWhereFileDiffers(invocation, client, { destinationId, config });
    const handle = await client.start(destinationId, { options, trigger, ...(by !== undefined && { by }) });
    const link = webUi.export(destinationId, handle.firstExecutionRunId);
    const waiting = handle.disposition === 'started' ? undefined : await findWaiting(client, handle);
    if (waiting) return printWaiting(invocation, { handle, waiting, link });
    if (!wait) {
      print(invocation, { json: toJson(handle), text: () => describeStart(handle), webUi: link });
      return undefined;
    }
    invocation.terminal.err(describeStart(handle));
    sayLink(invocation, link);
    const followed = await follow(invocation, { client, handle, until: 'held or stopped' });
    return printFollowed(invocation, followed, { ...inDocument(invocation, link), rejects, warnings });
  });
}

interface WaitingStart {
  readonly handle: StartedExportHandle;
  readonly waiting: Waiting;
  readonly link: string | null;
}

/** The document has what that of `--no-wait` has, and what the export waits for. */
export function printWaiting(invocation: Invocation, { handle, waiting, link }: WaitingStart): number {
  print(invocation, {
    json: { ...toJson(handle), ...(waiting.at === 'joined' ? waiting.view : waiting) },
    text: () => (waiting.at === 'joined' ? describeJoined(waiting.view) : describeBlocked(waiting)),
    webUi: link,
  });
  return EXIT_REFUSED;
}

/** The link is on standard error already; only the document has it as well. */
function inDocument({ options }: Invocation, link: string | null): { readonly webUi?: string | null } {
  return options.json ? { webUi: link } : {};
}

export function toJson(started: StartedExportHandle) {
  const { id: exportId, number, workflowId, firstExecutionRunId, disposition } = started;
  return { exportId, number, workflowId, firstExecutionRunId, disposition };
}

/** Starts an export that ends before it sends anything. */
export async function planExport(
  invocation: Invocation,
  destinationId: string,
  options: ExportOptionsInput,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi, config }) => {
    await sayWhereFileDiffers(invocation, client, { destinationId, config });
    const handle = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    const link = webUi.export(destinationId, handle.firstExecutionRunId);
    sayLink(invocation, link);
    const followed = await follow(invocation, { client, handle, until: 'held or stopped' });
    return printFollowed(invocation, followed, inDocument(invocation, link));
  });
}

interface WatchRequest {
  readonly destinationId: string;
  /** Number or id. */
  readonly which: string | undefined;
  readonly limits: FailLimits;
}

export async function watchExport(
  invocation: Invocation,
  { destinationId, which, limits }: WatchRequest,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi }) => {
    const { exportId, isLatest } = findExport(await client.describe(destinationId), which);
    const handle = client.handle({ destinationId, exportId });
    const link = await webUi.exportOf(handle, { isLatest });
    sayLink(invocation, link);
    const followed = await follow(invocation, { client, handle, until: 'stopped' });
    return printFollowed(invocation, followed, { ...inDocument(invocation, link), ...limits });
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
