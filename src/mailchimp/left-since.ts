import { z } from 'zod';
import type { LeftMember } from '../ports/mailchimp';
import { PAGE } from './audiences';
import { changedAt } from './changed-at';
import type { Connection } from './connection';

const LeftSchema = z.object({
  members: z.array(z.object({ email_address: z.string(), last_changed: z.string().optional() })),
  total_items: z.int(),
});

/** Members between the starts of two pages. The overlap is for members that leave the listing while it is read. */
const PAGE_STEP = 950;

/** By the time of the change: few members, however large the audience is. An export changes no archived member, and no opt-out time. */
export async function leftSince(
  connection: Connection,
  audienceId: string,
  since: number,
): Promise<readonly LeftMember[]> {
  // Without fractions of a second, which Mailchimp does not take.
  const time = `${new Date(since).toISOString().slice(0, 19)}+00:00`;
  const [archived, unsubscribed] = await Promise.all([
    list(connection, audienceId, { status: 'archived', since_last_changed: time }),
    list(connection, audienceId, { status: 'unsubscribed', unsubscribed_since: time }),
  ]);
  return [...unsubscribed, ...archived];
}

async function list(
  connection: Connection,
  audienceId: string,
  query: { readonly status: LeftMember['status']; readonly [name: string]: string },
): Promise<readonly LeftMember[]> {
  const found: LeftMember[] = [];
  for (let offset = 0; ; offset += PAGE_STEP) {
    const { members, total_items: total } = await connection.send({
      what: 'read who has left the audience',
      method: 'GET',
      route: '/lists/{list_id}/members',
      params: { list_id: audienceId },
      query: {
        ...query,
        count: PAGE,
        offset,
        fields: 'members.email_address,members.last_changed,total_items',
      },
      reply: LeftSchema,
    });
    for (const { email_address: email, last_changed: text } of members) {
      const at = query.status === 'archived' ? changedAt(text) : undefined;
      found.push({ email, status: query.status, ...(at !== undefined && { changedAt: at }) });
    }
    if (members.length === 0 || offset + PAGE_STEP >= total) return found;
  }
}
