import type { AtMailchimp } from '../../contract/forget';
import type { MailchimpAccount } from '../../ports/mailchimp';
import type { FoundContact } from '../../ports/staging';

interface Leaving {
  readonly audienceId: string;
  readonly statusIfNew: string;
  readonly fate: AtMailchimp;
}

/**
 * Does to one contact what was chosen: takes our tags off, or deletes it permanently. May be repeated: a contact that is not in the audience, or does
 * not carry the tag, stays as it is. @returns whether Mailchimp has done it now
 */
export async function leaveMailchimp(
  account: Pick<MailchimpAccount, 'deleteMember' | 'sendChunk'>,
  { email, tagIds }: FoundContact,
  { audienceId, statusIfNew, fate }: Leaving,
): Promise<boolean> {
  if (fate === 'keep') return false;
  if (fate === 'delete') return account.deleteMember(audienceId, email);
  let isDone = false;
  for (const tagId of tagIds) {
    const untag = { kind: 'untag', chunk: 0, tagId, emails: [email] } as const;
    const [row] = await account.sendChunk({ audienceId, statusIfNew }, untag);
    isDone ||= row?.result === 'acknowledged';
  }
  return isDone;
}
