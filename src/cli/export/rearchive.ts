import type { RowClass } from '../../contract/row-class';
import { count } from '../../text/format';
import { lazy } from '../lazy';
import { confirm, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { requireConfig } from '../shell/settings';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { requireRows } from './failures';

const RESUBSCRIBED: RowClass = 'resubscribed';

/** Archives the contacts again that an export has woken from the archive, and no others, after asking. */
export async function rearchive(
  invocation: Invocation,
  which: { readonly destinationId: string; readonly numberOrId: string },
  { yes }: { readonly yes?: boolean },
): Promise<number | undefined> {
  const view = await withClient(invocation, (client) => client.describe(which.destinationId));
  const report = requireRows(view, which.numberOrId);
  const reader = await openStoreOf(invocation, report);
  const found = await reader.readFailures(report, { reason: RESUBSCRIBED });
  const emails = found.flatMap(({ email, text }) =>
    text === 'was archived' && email !== null ? [email] : [],
  );
  const others = found.length - emails.length;
  const rest =
    others === 0
      ? ''
      : ` ${count(others)} others were not archived before: see export failures, and decide about them in Mailchimp.`;
  const done = { destinationId: report.destinationId, number: report.number, others };
  if (emails.length === 0) {
    print(invocation, {
      json: { ...done, archived: 0, skipped: 0 },
      text: () => `Export ${report.number} of ${report.destinationId} has woken no archived contact.${rest}`,
    });
    return undefined;
  }
  if (!yes) {
    requireTerminal(invocation, 'rearchive needs --yes');
    const question = `Archive ${count(emails.length)} contacts of ${view.audience.name} again, which were archived when this export read them?${rest}`;
    if (!(await confirm(invocation, question))) return nothingChanged(invocation);
  }
  const { config, baseFolder } = await requireConfig(invocation.options);
  const account = await lazy.accounts().openConfiguredAccount(config, { name: view.account, baseFolder });
  let archived = 0;
  for (const email of emails) {
    // Who has opted out since, or was archived, stays as it is.
    const member = await account.compareMember(view.audience.id, { email });
    if (member?.status !== 'subscribed' && member?.status !== 'transactional') continue;
    if (await account.archiveMember(view.audience.id, email)) archived += 1;
  }
  print(invocation, {
    json: { ...done, archived, skipped: emails.length - archived },
    text: () =>
      `Archived ${count(archived)} contacts again.${archived < emails.length ? ` ${count(emails.length - archived)} are not subscribed now, and stay as they are.` : ''}${rest}`,
  });
  return undefined;
}
