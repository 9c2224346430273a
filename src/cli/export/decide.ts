import type { ExportClient, ExportHandle } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ApproveInput } from '../../contract/guard';
import { confirm, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { userName } from '../shell/user-name';
import { jobLabel, jobTitle } from '../../text/describe-export';
import { describeView } from '../text/export';
import { ExportError } from '../../errors';
import { findExport, noneRunning, runningExport } from './find';
import { type HeldView, isHeld } from './follow';

interface DecideOptions {
  readonly plan?: string;
  readonly as?: string;
}

type Verb = 'approve' | 'deny';

export async function approveExport(
  invocation: Invocation,
  name: string,
  options: DecideOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client, { webUi }) => {
    const { decision, handle } = await decide(invocation, client, { verb: 'approve', name, options });
    if (!decision) return nothingChanged(invocation);
    const approved = await handle.approve(decision);
    const { disposition, number } = approved;
    const what =
      disposition === 'replanned'
        ? `The plan was more than an hour old, so export ${number} plans again. It is held only if a number has grown.`
        : `Export ${number} of ${name} continues.`;
    const text = () => `${what} To watch it: temporal-mailchimp export watch ${name}`;
    print(invocation, { json: approved, text, webUi: webUi.export(name) });
    return undefined;
  });
}

export async function denyExport(
  invocation: Invocation,
  name: string,
  options: DecideOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const { decision, handle } = await decide(invocation, client, { verb: 'deny', name, options });
    if (!decision) return nothingChanged(invocation);
    await handle.deny(decision);
    // With its number: another one may be queued, and runs next.
    const label = jobLabel(findExport(await client.describe(name), handle.id));
    const text = () =>
      `Denied: nothing was sent. To see its report: temporal-mailchimp export watch ${name} ${label}`;
    print(invocation, { json: { planId: decision.planId, denied: true }, text });
    return undefined;
  });
}

interface Decision {
  readonly verb: Verb;
  readonly name: string;
  readonly options: DecideOptions;
}

/** The plan of --plan. Without it, shows the numbers and asks for confirmation. Without a decision: not confirmed. */
async function decide(
  invocation: Invocation,
  client: ExportClient,
  { verb, name, options }: Decision,
): Promise<{ readonly handle: ExportHandle; readonly decision?: ApproveInput }> {
  const by = options.as ?? thisUser(invocation);
  if (options.plan !== undefined) {
    const decision = { planId: options.plan, by };
    return { handle: await decidedExport(client, name, options.plan), decision };
  }
  requireTerminal(invocation, `${verb} needs --plan: the plan to decide about`);
  const handle = await runningExport(client, name);
  const view = requireHeld(await handle.progress(), name);
  const { planId } = view.state.held;
  const { terminal } = invocation;
  terminal.err(`${describeView(view, terminal.page('err'))}\n`);
  const question = verb === 'approve' ? 'Send this' : 'Deny this, without sending anything';
  const isConfirmed = await confirm(invocation, `${question} (recorded in the history as decided by ${by})?`);
  return isConfirmed ? { handle, decision: { planId, by } } : { handle };
}

/** The running export, or the one that was planned again after this plan was approved: a repeated command gets the same answer. */
async function decidedExport(
  client: ExportClient,
  destinationId: string,
  planId: string,
): Promise<ExportHandle> {
  const { exports } = await client.describe(destinationId);
  const replaced = exports.find(({ approval, next }) => next && approval?.planId === planId);
  return replaced ? client.handle(replaced) : runningExport(client, destinationId);
}

/** Who decides, by the machine. */
function thisUser({ usageError }: Invocation): string {
  return (
    userName() ?? usageError('this machine has no name for its user: pass --as NAME, the name of the decider')
  );
}

function requireHeld(view: ExportView | undefined, name: string): HeldView {
  if (view && isHeld(view)) return view;
  if (!view) throw noneRunning(name);
  throw new ExportError(
    'EXPORT_NOT_HELD',
    `${jobTitle(view)} of ${name} is not held, so there is nothing to decide.`,
  );
}
