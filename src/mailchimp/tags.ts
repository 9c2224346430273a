import { z } from 'zod';
import type { Tag } from '../ports/mailchimp';
import { isSameTag } from '../contract/tag-name';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';

const TagSchema = z.object({ id: z.int(), name: z.string() });
const TagsSchema = z.object({ segments: z.array(TagSchema), total_items: z.int() });

/** A tag is a static segment; the tag search has no paging, so the segments are listed. */
export async function tags(connection: Connection, audienceId: string): Promise<readonly Tag[]> {
  // By id: a tag that appears or goes between two pages moves the others.
  const found = new Map<number, Tag>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await connection.send({
      what: "read the audience's tags",
      method: 'GET',
      route: '/lists/{list_id}/segments',
      params: { list_id: audienceId },
      query: { type: 'static', count: PAGE, offset, fields: 'segments.id,segments.name,total_items' },
      reply: TagsSchema,
    });
    for (const tag of page.segments) found.set(tag.id, tag);
    if (page.segments.length === 0 || offset + page.segments.length >= page.total_items) break;
  }
  return [...found.values()];
}

export async function createTag(connection: Connection, audienceId: string, name: string): Promise<Tag> {
  try {
    return await connection.send({
      what: 'create a tag',
      method: 'POST',
      route: '/lists/{list_id}/segments',
      params: { list_id: audienceId },
      body: JSON.stringify({ name, static_segment: [] }),
      reply: TagSchema,
      once: true,
    });
  } catch (error) {
    if (!maybeDone(error)) throw error;
    const existing = (await tags(connection, audienceId)).find((tag) => isSameTag(tag.name, name));
    if (!existing) throw error;
    if (await isTagCarried(connection, audienceId, existing.id)) throw taken(existing);
    return existing;
  }
}

/** The name alone is sent: with addresses, even none, Mailchimp would replace everybody who carries the tag. */
export async function renameTag(connection: Connection, audienceId: string, tag: Tag): Promise<void> {
  try {
    await connection.send({
      what: 'rename a tag',
      method: 'PATCH',
      route: '/lists/{list_id}/segments/{segment_id}',
      params: { list_id: audienceId, segment_id: tag.id },
      body: JSON.stringify({ name: tag.name }),
      reply: TagSchema,
    });
  } catch (error) {
    if (!maybeDone(error)) throw error;
    const holder = (await tags(connection, audienceId)).find(({ name }) => isSameTag(name, tag.name));
    if (holder && holder.id !== tag.id) throw taken(holder);
    if (holder?.name !== tag.name) throw error;
  }
}

/** A refusal may say that it is done already, and a lost reply may have said that it is done. */
function maybeDone(error: unknown): boolean {
  return error instanceof ExportError && ['MAILCHIMP_REFUSED', 'MAILCHIMP_UNAVAILABLE'].includes(error.code);
}

function taken({ name }: Tag): ExportError {
  return new ExportError(
    'TAG_TAKEN',
    `The audience has a tag "${name}" by now, which may belong to another tool. Configure another tag, or allow existing tags with --adopt-tags.`,
  );
}

const CarriersSchema = z.object({ total_items: z.int() });

export async function isTagCarried(
  connection: Connection,
  audienceId: string,
  tagId: number,
): Promise<boolean> {
  const { total_items } = await connection.send({
    what: 'count who carries a tag',
    method: 'GET',
    route: '/lists/{list_id}/segments/{segment_id}/members',
    params: { list_id: audienceId, segment_id: tagId },
    query: {
      count: 1,
      include_cleaned: true,
      include_transactional: true,
      include_unsubscribed: true,
      fields: 'total_items',
    },
    reply: CarriersSchema,
  });
  return total_items > 0;
}

/** Name of a tag by its id; undefined when the tag is gone. @throws ExportError AUDIENCE_NOT_FOUND */
export async function tagName(
  connection: Connection,
  audienceId: string,
  tagId: number,
): Promise<string | undefined> {
  try {
    const segment = await connection.send({
      what: 'read a tag',
      method: 'GET',
      route: '/lists/{list_id}/segments/{segment_id}',
      params: { list_id: audienceId, segment_id: tagId },
      query: { fields: 'id,name' },
      reply: TagSchema,
    });
    return segment.name;
  } catch (error) {
    if (!(error instanceof ExportError) || error.details['status'] !== 404) throw error;
  }
  // A 404 is the same for a tag and for an audience that is not there; the listing tells them apart.
  const found = await tags(connection, audienceId);
  return found.find((tag) => tag.id === tagId)?.name;
}
