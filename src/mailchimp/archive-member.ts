import { z } from 'zod';
import { ExportError } from '../errors';
import type { Connection } from './connection';
import { subscriberHash } from './subscriber-hash';

/** Statuses of a refusal that means that there is nothing to archive: the member is archived, pending or cleaned, or is not there. */
const NOTHING_TO_ARCHIVE: readonly unknown[] = [404, 405];

export async function archiveMember(
  connection: Connection,
  audienceId: string,
  email: string,
): Promise<boolean> {
  try {
    await connection.send({
      what: 'archive a member',
      method: 'DELETE',
      route: '/lists/{list_id}/members/{subscriber_hash}',
      params: { list_id: audienceId, subscriber_hash: subscriberHash(email) },
      reply: z.null(),
    });
    return true;
  } catch (error) {
    if (error instanceof ExportError && NOTHING_TO_ARCHIVE.includes(error.details['status'])) return false;
    throw error;
  }
}
