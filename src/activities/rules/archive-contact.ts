import { whyNotArchived, type NotArchived } from '../../contract/archiving';
import type { MailchimpAccount } from '../../ports/mailchimp';

/** What became of a contact that was to be archived. `archived`: by this request. */
export type Archived = 'archived' | NotArchived;

/**
 * Archives one contact that we provably created, if it may be archived by what is read just before. A repeated call answers
 * `already_archived`.
 */
export async function archiveContact(
  account: Pick<MailchimpAccount, 'readMember' | 'archiveMember'>,
  { audienceId, email }: { readonly audienceId: string; readonly email: string },
): Promise<Archived> {
  const why = whyNotArchived(await account.readMember(audienceId, email));
  if (why !== undefined) return why;
  if (await account.archiveMember(audienceId, email)) return 'archived';
  // Refused: it has changed since it was read; or the reply to the request was lost, and the repeated one found it in the archive.
  const member = await account.readMember(audienceId, email);
  if (member?.status === 'archived') return 'archived';
  return whyNotArchived(member) ?? 'refused_by_mailchimp';
}
