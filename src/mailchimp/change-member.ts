import { z } from 'zod';
import { ExportError } from '../errors';
import type { Connection } from './connection';
import { subscriberHash } from './subscriber-hash';

interface MemberChange {
  readonly audienceId: string;
  readonly email: string;
  readonly what: string;
  readonly method: 'DELETE' | 'POST';
  readonly route: string;
  /** Statuses of a refusal that means that there is nothing to change. */
  readonly nothingToDo: readonly unknown[];
}

/** One request without a body, about one member. @returns false where there was nothing to change */
export async function changeMember(
  connection: Connection,
  { audienceId, email, nothingToDo, ...request }: MemberChange,
): Promise<boolean> {
  try {
    const params = { list_id: audienceId, subscriber_hash: subscriberHash(email) };
    await connection.send({ ...request, params, reply: z.null() });
    return true;
  } catch (error) {
    if (error instanceof ExportError && nothingToDo.includes(error.details['status'])) return false;
    throw error;
  }
}
