import type { ExportClient } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import type { ExportReport } from '../../contract/report';
import { needsSecondPerson } from '../../contract/second-person';
import { describeNotArchived } from '../../text/describe-export';
import { count, countOf } from '../../text/format';
import { follow, printFollowed, type Followed } from '../export/follow';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, sayLink, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';

export const EXPORTED = ['keep', 'untag', 'archive'] as const;
type Exported = (typeof EXPORTED)[number];

const NEEDS_YES = 'remove needs --yes';

interface RemoveOptions {
  readonly as: string;
  readonly exported: Exported;
  readonly plan?: boolean;
  readonly yes?: boolean;
}

export async function removeDestination(
  invocation: Invocation,
  destinationId: string,
  options: RemoveOptions,
): Promise<number | undefined> {
  const { exported } = options;
  if (exported === 'keep' && options.plan) return planKeep(invocation, destinationId);
  // Before a plan is made for a question that cannot be asked.
  if (!options.plan && !options.yes) requireTerminal(invocation, NEEDS_YES);
  return withClient(invocation, async (client, { webUi }) => {
    const { configuration, baseline } = await client.describe(destinationId);
    const isHeld = needsSecondPerson({ approval: configuration?.approval });
    // Nothing was exported, so there is nothing to take away.
    if (!isHeld && (exported === 'keep' || (!options.plan && (!configuration || !baseline))))
      return keep(invocation, destinationId, options);
    const asked = { removedBy: options.as, exported };
    const planned = await follow(invocation, {
      client,
      handle: await client.planRemoval(destinationId, asked),
      until: 'stopped',
    });
    if (options.plan || planned.at !== 'report' || planned.report.status !== 'planned')
      return printFollowed(invocation, planned, {});
    const { report } = planned;
    const question = questionOf(report, { destinationId, exported });
    if (!(await isConfirmed(invocation, { yes: options.yes, needs: NEEDS_YES }, question)))
      return nothingChanged(invocation);
    const handle = await client.startRemoval(destinationId, { ...asked, contacts: contactsOf(report) });
    sayLink(invocation, webUi.export(destinationId, handle.firstExecutionRunId));
    const followed = await follow(invocation, { client, handle, until: 'held or stopped' });
    const code = printFollowed(invocation, followed, {});
    return code ?? sayEnd(invocation, client, { destinationId, followed });
  });
}

/** Who would lose tags of the destination. */
function contactsOf({ outcomes }: ExportReport): number {
  return outcomes.removed + outcomes.archived;
}

function questionOf(
  report: ExportReport,
  { destinationId, exported }: { readonly destinationId: string; readonly exported: Exported },
): string {
  const { archived } = report.outcomes;
  const why = describeNotArchived(report);
  const rest = why === '' ? '' : ` (not archived: ${why})`;
  const archive =
    exported === 'archive'
      ? `; ${count(archived)} of them are archived, if they may be when they are read${rest}`
      : '';
  return (
    `Remove "${destinationId}"? ${countOf(exported === 'keep' ? 0 : contactsOf(report), 'contact')} lose its tags${archive}. ` +
    'Then consent is withdrawn and staged rows are deleted.'
  );
}

/** Where contacts have no proof of their result, the destination stays. */
async function sayEnd(
  { terminal }: Invocation,
  client: ExportClient,
  { destinationId, followed }: { readonly destinationId: string; readonly followed: Followed },
): Promise<number | undefined> {
  if (followed.at !== 'report') return undefined;
  const { phase } = await client.describe(destinationId);
  if (phase === 'removed') {
    terminal.err(`Removed "${destinationId}". Consent is withdrawn and staged rows are deleted.`);
    return undefined;
  }
  terminal.err(
    `"${destinationId}" stays, since some contacts did not get what was chosen. To try the rest again, repeat the command.`,
  );
  return 1;
}

async function planKeep(invocation: Invocation, destinationId: string): Promise<undefined> {
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const contacts = view.baseline?.size ?? 0;
  print(invocation, {
    json: { destinationId, exported: 'keep', contacts },
    text: () =>
      `Nothing would be sent: ${countOf(contacts, 'contact')} would keep the tags of "${destinationId}" in the audience ${view.audience.name}.`,
  });
  return undefined;
}

async function keep(
  invocation: Invocation,
  destinationId: string,
  options: RemoveOptions,
): Promise<number | undefined> {
  const question = `Remove "${destinationId}"? Consent is withdrawn, a running export is cancelled and staged rows are deleted.`;
  if (!(await isConfirmed(invocation, { yes: options.yes, needs: NEEDS_YES }, question)))
    return nothingChanged(invocation);
  const view: DestinationView = await withClient(invocation, (client) =>
    client.remove(destinationId, { removedBy: options.as }),
  );
  print(invocation, {
    json: view,
    text: () =>
      `Removed "${destinationId}". Consent is withdrawn and staged rows are deleted. Exported contacts stay in the audience ` +
      `${view.audience.name} unchanged.`,
  });
  return undefined;
}
