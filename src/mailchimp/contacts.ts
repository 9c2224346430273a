import { z } from 'zod';
import { PAGE } from './audiences';
import type { Connection } from './connection';

/** Statuses that Mailchimp counts as contacts, and bills. */
const COUNTED = ['subscribed', 'unsubscribed', 'transactional'] as const;

const AudiencesSchema = z.object({ lists: z.array(z.object({ id: z.string() })), total_items: z.int() });
const TotalSchema = z.object({ total_items: z.int() });

/** Counts by listings of one member: an audience's `stats` lag behind, and leave out whom they like. */
export async function contacts(connection: Connection): Promise<number> {
  let total = 0;
  for (const audienceId of await audienceIds(connection)) {
    for (const status of COUNTED) total += await countOf(connection, audienceId, status);
  }
  return total;
}

async function audienceIds(connection: Connection): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const { lists, total_items } = await connection.send({
      what: 'list the audiences',
      method: 'GET',
      route: '/lists',
      query: { count: PAGE, offset, fields: 'lists.id,total_items' },
      reply: AudiencesSchema,
    });
    for (const { id } of lists) ids.add(id);
    if (lists.length === 0 || offset + lists.length >= total_items) return ids;
  }
}

async function countOf(connection: Connection, audienceId: string, status: string): Promise<number> {
  const { total_items } = await connection.send({
    what: "count the audience's members",
    method: 'GET',
    route: '/lists/{list_id}/members',
    params: { list_id: audienceId },
    query: { status, count: 1, fields: 'total_items' },
    reply: TotalSchema,
  });
  return total_items;
}
