import { userInfo } from 'node:os';
import type { ExportClient } from '../../client';
import type { ExportView } from '../../contract/export';
import type { ApproveInput } from '../../contract/guard';
import { confirm, requireTerminal } from '../shell/confirm';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { jobTitle } from '../../text/describe-export';
import { describeView } from '../text/export';
import { ExportError } from '../../errors';
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
  return withClient(invocation, async (client) => {
    const decision = await decide(invocation, client, { verb: 'approve', name, options });
    if (!decision) return unchanged(invocation);
    const approved = await client.approve(name, decision);
    const { disposition, number } = approved;
    const what =
      disposition === 'replanned'
        ? `The plan was more than an hour old, so export ${number} plans again. It is held only if a number has grown.`
        : `Export ${number} of ${name} continues.`;
    const text = () => `${what} To watch it: temporal-mailchimp export watch ${name}`;
    print(invocation, { json: approved, text });
    return undefined;
  });
}

export async function denyExport(
  invocation: Invocation,
  name: string,
  options: DecideOptions,
): Promise<number | undefined> {
  return withClient(invocation, async (client) => {
    const decision = await decide(invocation, client, { verb: 'deny', name, options });
    if (!decision) return unchanged(invocation);
    await client.deny(name, decision);
    const text = () => `Denied: nothing was sent. To see its report: temporal-mailchimp export watch ${name}`;
    print(invocation, { json: { planId: decision.planId, denied: true }, text });
    return undefined;
  });
}

function unchanged({ terminal }: Invocation): number {
  terminal.err('Nothing was changed.');
  return EXIT_REFUSED;
}

interface Decision {
  readonly verb: Verb;
  readonly name: string;
  readonly options: DecideOptions;
}

/** The plan of --plan. Without it, shows the numbers and asks for confirmation. Undefined: not confirmed. */
async function decide(
  invocation: Invocation,
  client: ExportClient,
  { verb, name, options }: Decision,
): Promise<ApproveInput | undefined> {
  const by = options.as ?? userInfo().username;
  if (options.plan !== undefined) return { planId: options.plan, by };
  requireTerminal(invocation, `${verb} needs --plan: the plan to decide about`);
  const view = requireHeld(await client.progress(name), name);
  const { planId } = view.state.held;
  invocation.terminal.err(`${describeView(view)}\n`);
  const question = verb === 'approve' ? 'Send this' : 'Deny this, without sending anything';
  const isConfirmed = await confirm(invocation, `${question} (recorded in the history as decided by ${by})?`);
  return isConfirmed ? { planId, by } : undefined;
}

function requireHeld(view: ExportView | undefined, name: string): HeldView {
  if (view && isHeld(view)) return view;
  throw view
    ? new ExportError(
        'EXPORT_NOT_HELD',
        `${jobTitle(view)} of ${name} is not held, so there is nothing to decide.`,
      )
    : new ExportError('EXPORT_NOT_FOUND', `No export of the destination ${name} is running.`);
}
