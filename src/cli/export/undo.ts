import type { ExportReport } from '../../contract/report';
import { describeNotArchived, describeRemains, jobTitle } from '../../text/describe-export';
import { count, countOf } from '../../text/format';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, sayLink, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { findEnded } from './find';
import { follow, printFollowed } from './follow';

const NEEDS_YES = 'undo needs --yes';

export interface UndoOptions {
  readonly as: string;
  readonly plan?: boolean;
  readonly yes?: boolean;
}

interface Which {
  readonly destinationId: string;
  readonly numberOrId: string;
}

/** Plans the undo, asks with its numbers, then starts it: it is held if more contacts would change by then. */
export async function undoExport(
  invocation: Invocation,
  { destinationId, numberOrId }: Which,
  options: UndoOptions,
): Promise<number | undefined> {
  // Before a plan is made for a question that cannot be asked.
  if (!options.plan && !options.yes) requireTerminal(invocation, NEEDS_YES);
  return withClient(invocation, async (client, { webUi }) => {
    const undone = await findEnded(invocation, await client.describe(destinationId), numberOrId);
    const { exportId, number } = undone;
    const asked = { exportId, number, undoneBy: options.as };
    const planned = await follow(invocation, {
      client,
      handle: await client.planUndo(destinationId, asked),
      until: 'stopped',
    });
    if (options.plan || planned.at !== 'report' || planned.report.status !== 'planned')
      return printFollowed(invocation, planned, {});
    const { report } = planned;
    const contacts = changedBy(report);
    if (contacts === 0) return sayNothingLeft(invocation, undone);
    if (!(await isConfirmed(invocation, { yes: options.yes, needs: NEEDS_YES }, questionOf(undone, report))))
      return nothingChanged(invocation);
    const handle = await client.startUndo(destinationId, { ...asked, contacts });
    sayLink(invocation, webUi.export(destinationId, handle.firstExecutionRunId));
    const followed = await follow(invocation, { client, handle, until: 'held or stopped' });
    return printFollowed(invocation, followed, {});
  });
}

/** Contacts that the undo would send something for. */
function changedBy({ outcomes: { created, updated, removed, archived } }: ExportReport): number {
  return created + updated + removed + archived;
}

function sayNothingLeft(invocation: Invocation, undone: ExportReport): undefined {
  const { exportId, number, destinationId } = undone;
  print(invocation, {
    json: { exportId, number, contacts: 0 },
    text: () =>
      `${titleOf(undone)} of ${destinationId} is taken back already, or changed nothing: nothing was sent.`,
  });
}

function questionOf(undone: ExportReport, report: ExportReport): string {
  const { created, updated, removed, archived } = report.outcomes;
  const why = describeNotArchived(report);
  const rest = why === '' ? '' : ` (not archived: ${why})`;
  const remains = describeRemains(report);
  return (
    `Take back ${titleOf(undone).toLowerCase()} of "${undone.destinationId}"? ${countOf(created + updated, 'contact')} get values and tags back, ` +
    `${count(removed + archived)} lose the tags of the destination, ${count(archived)} of them are archived, if they may be when they are read${rest}. ` +
    `${remains === '' ? '' : `${remains} `}Then the next export is held until it is approved.`
  );
}

function titleOf({ number }: ExportReport): string {
  return jobTitle({ kind: 'export', number });
}
