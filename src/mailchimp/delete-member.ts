import { changeMember } from './change-member';
import type { Connection } from './connection';

/** Mailchimp removes all that it has of the contact, and refuses to import the address again. */
export async function deleteMember(
  connection: Connection,
  audienceId: string,
  email: string,
): Promise<boolean> {
  return changeMember(connection, {
    audienceId,
    email,
    what: 'delete a member permanently',
    method: 'POST',
    route: '/lists/{list_id}/members/{subscriber_hash}/actions/delete-permanent',
    nothingToDo: [404],
  });
}
