import { changeMember } from './change-member';
import type { Connection } from './connection';

export async function archiveMember(
  connection: Connection,
  audienceId: string,
  email: string,
): Promise<boolean> {
  return changeMember(connection, {
    audienceId,
    email,
    what: 'archive a member',
    method: 'DELETE',
    route: '/lists/{list_id}/members/{subscriber_hash}',
    // The member is archived, pending or cleaned, or is not there.
    nothingToDo: [404, 405],
  });
}
