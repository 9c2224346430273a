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
import { describeView } from '../text/export';
import { follow, followUntilHeld, printReport } from './follow';

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
  const exportOptions: ExportOptionsInput = {
    ...guardsOf(options),
    ...(limit !== undefined && { limit }),
    ...(lane !== undefined && { lane }),
  };
  return withClient(invocation, async (client) => {
    const started = await client.start(destinationId, { options: exportOptions, trigger });
    if (!options.wait) {
      print(invocation, { json: started, text: () => describeStart(destinationId, started) });
      return undefined;
    }
    invocation.terminal.err(describeStart(destinationId, started));
    const running = started.disposition === 'queued' ? await client.progress(destinationId) : undefined;
    if (running?.state.kind === 'held')
      invocation.terminal.err(`Export ${running.number}: ${describeState(running)}`);
    const ended = await followUntilHeld(invocation, client, { destinationId, exportId: started.exportId });
    if ('status' in ended) return printReport(invocation, ended);
    print(invocation, { json: ended, text: () => describeView(ended) });
    return EXIT_REFUSED;
  });
}

/** Starts an export that ends before it sends anything. */
export async function planExport(
  invocation: Invocation,
  destinationId: string,
  guards: GuardOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const options = guardsOf(guards);
    const { exportId } = await client.plan(destinationId, { options, trigger: 'plan on the command line' });
    const report = await follow(invocation, client, { destinationId, exportId });
    return printReport(invocation, report);
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
