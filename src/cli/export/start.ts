import type {
  LaneChoice,
  DestinationView,
  ExportOptionsInput,
  StartedExport,
} from '../../contract/destination';
import { describeState } from '../../text/describe-export';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { describeView } from '../text/view';
import { follow, followUntilHeld, tellReport } from './follow';

export interface GuardOptions {
  readonly allowUnreadableLines?: boolean;
  readonly allowMassRemoval?: boolean;
  readonly allowRestoredTags?: boolean;
  readonly allowNewContacts?: boolean;
  readonly allowOverLimit?: boolean;
  readonly census?: boolean;
}

export interface StartOptions extends GuardOptions {
  readonly wait: boolean;
  readonly limit?: number;
  readonly lane?: LaneChoice;
  readonly trigger: string;
}

export async function startExport(
  invocation: Invocation,
  destinationId: string,
  options: StartOptions,
): Promise<number | undefined> {
  const { limit, lane, trigger } = options;
  const asked: ExportOptionsInput = {
    ...guardsOf(options),
    ...(limit !== undefined && { limit }),
    ...(lane !== undefined && { lane }),
  };
  return withClient(invocation, async (client) => {
    const started = await client.start(destinationId, { options: asked, trigger });
    if (!options.wait) {
      print(invocation, { json: started, text: () => describeStart(destinationId, started) });
      return undefined;
    }
    invocation.terminal.err(describeStart(destinationId, started));
    const before = started.disposition === 'queued' ? await client.progress(destinationId) : undefined;
    if (before?.state.kind === 'held')
      invocation.terminal.err(`Export ${before.number}: ${describeState(before)}`);
    const ended = await followUntilHeld(invocation, client, { destinationId, exportId: started.exportId });
    if ('status' in ended) return tellReport(invocation, ended);
    print(invocation, { json: ended, text: () => describeView(ended) });
    return EXIT_REFUSED;
  });
}

export async function planExport(
  invocation: Invocation,
  destinationId: string,
  guards: GuardOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const options = guardsOf(guards);
    const { exportId } = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    const report = await follow(invocation, client, { destinationId, exportId });
    return tellReport(invocation, report);
  });
}

function guardsOf({
  allowUnreadableLines = false,
  allowMassRemoval = false,
  allowRestoredTags = false,
  allowNewContacts = false,
  allowOverLimit = false,
  census = false,
}: GuardOptions) {
  return {
    allowUnreadableLines,
    allowMassRemoval,
    allowRestoredTags,
    allowNewContacts,
    allowOverLimit,
    census,
  };
}

export async function watchExport(
  invocation: Invocation,
  destinationId: string,
  find: (view: DestinationView) => { readonly exportId: string },
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { exportId } = find(await client.describe(destinationId));
    return tellReport(invocation, await follow(invocation, client, { destinationId, exportId }));
  });
}

function describeStart(destinationId: string, { number, exportId, disposition }: StartedExport): string {
  const what = {
    started: `Export ${number} of "${destinationId}" has started`,
    joined: `Export ${number} of "${destinationId}" does the same already; no second one was started`,
    queued: `Export ${number} of "${destinationId}" waits for the one that runs`,
  }[disposition];
  return `${what} (${exportId}).`;
}
