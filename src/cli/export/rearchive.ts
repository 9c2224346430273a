import type { RowClass } from '../../contract/row-class';
import { count, countOf } from '../../text/format';
import { openAccountOf } from '../shell/account-of';
import { isConfirmed, nothingChanged } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
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
  const report = await requireRows(invocation, view, which.numberOrId);
  const reader = await openStoreOf(invocation, report);
  const found = await reader.readFailures(report, { reason: RESUBSCRIBED });
  const emails = found.flatMap(({ email, text }) =>
    text === 'was archived' && email !== null ? [email] : [],
  );
  const others = found.length - emails.length;
  const rest =
    others === 0
      ? ''
      : ` ${count(others)} ${others === 1 ? 'other was' : 'others were'} not archived before: see export failures, and decide about them in Mailchimp.`;
  const done = { destinationId: report.destinationId, number: report.number, others };
  if (emails.length === 0) {
    print(invocation, {
      json: { ...done, archived: 0, skipped: 0 },
      text: () => `Export ${report.number} of ${report.destinationId} has woken no archived contact.${rest}`,
    });
    return undefined;
  }
  const question = `Archive ${countOf(emails.length, 'contact')} of ${view.audience.name} again, which were archived when this export read them?${rest}`;
  if (!(await isConfirmed(invocation, { yes, needs: 'rearchive needs --yes' }, question)))
    return nothingChanged(invocation);
  const account = await openAccountOf(invocation, view);
  let archived = 0;
  for (const email of emails) {
    // Who has opted out since, or was archived, stays as it is.
    const member = await account.readMember(view.audience.id, email);
    if (member?.status !== 'subscribed' && member?.status !== 'transactional') continue;
    if (await account.archiveMember(view.audience.id, email)) archived += 1;
  }
  print(invocation, {
    json: { ...done, archived, skipped: emails.length - archived },
    text: () =>
      `Archived ${countOf(archived, 'contact')} again.${archived < emails.length ? ` ${saySkipped(emails.length - archived)}` : ''}${rest}`,
  });
  return undefined;
}

function saySkipped(skipped: number): string {
  return skipped === 1
    ? '1 is not subscribed now, and stays as it is.'
    : `${count(skipped)} are not subscribed now, and stay as they are.`;
}
