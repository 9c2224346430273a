import { REJECT_CLASSES } from '../../contract/reject-policy';
import { rejectsOf } from '../../contract/rejects';
import { isPlanned } from '../../contract/report';
import { countOf } from '../../text/format';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { requireRows } from './failures';
import { startExport } from './start';

interface RetryOptions {
  readonly wait: boolean;
  readonly as?: string;
  readonly class?: readonly string[];
}

/**
 * Lifts the refusals that an export has reported and that are remembered still, and starts the next export, which sends these contacts again.
 * What is not remembered, every export sends again; those that signed up too often still wait, and those that want no mail stay as they are. Run
 * twice, it asks for the same again.
 */
export async function retryRejects(
  invocation: Invocation,
  { destinationId, numberOrId }: { readonly destinationId: string; readonly numberOrId: string },
  { wait, as, class: classes = REJECT_CLASSES }: RetryOptions,
): Promise<number | undefined> {
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const report = await requireRows(invocation, view, numberOrId);
  const { number, outcomes } = report;
  const open = isPlanned(report) ? 0 : rejectsOf({ ...outcomes, invalid: 0 });
  const baseline = view.baseline?.exportId;
  const lifted =
    open === 0 || baseline === undefined
      ? 0
      : await (
          await openStoreOf(invocation, report)
        ).liftRefusals({ destinationId, exportId: baseline }, { reportedBy: report.exportId, classes });
  if (open === 0) {
    print(invocation, {
      json: { destinationId, number, lifted },
      text: () =>
        `Mailchimp has refused nothing of export ${number} of ${destinationId}, so there is nothing to send again. Invalid profiles have to be corrected in the source.`,
    });
    return undefined;
  }
  const said = `Lifted ${countOf(lifted, 'refusal')} of export ${number} of ${destinationId}.`;
  if (view.running) {
    print(invocation, {
      json: { destinationId, number, lifted },
      text: () =>
        `${said} An export runs, which may have been planned before; the next one sends these contacts again: temporal-mailchimp export start ${destinationId}`,
    });
    return EXIT_REFUSED;
  }
  invocation.terminal.err(said);
  return startExport(invocation, destinationId, {
    wait,
    ...(as !== undefined && { as }),
    trigger: `retry of the rejects of export ${number}`,
  });
}
