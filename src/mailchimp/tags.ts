import { z } from 'zod';
import type { Tag } from '../ports/mailchimp';
import { isSameTag } from '../contract/tag-name';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';

const TagSchema = z.object({ id: z.int(), name: z.string() });
const TagsSchema = z.object({ segments: z.array(TagSchema), total_items: z.int() });

/** Lists the static segments, which are the tags: Mailchimp's tag search has no paging. */
export async function tags(connection: Connection, audienceId: string): Promise<readonly Tag[]> {
  // By id: a tag that is created or deleted between two pages shifts the others, which can then be listed twice.
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
    if (!isPerhapsDone(error)) throw error;
    const existing = (await tags(connection, audienceId)).find((tag) => isSameTag(tag.name, name));
    if (!existing) throw error;
    if (await isTagCarried(connection, audienceId, existing.id)) throw taken(existing);
    return existing;
  }
}

/** Sends only the name: with `static_segment`, even an empty one, Mailchimp would replace the members that carry the tag. */
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
    if (!isPerhapsDone(error)) throw error;
    const holder = (await tags(connection, audienceId)).find(({ name }) => isSameTag(name, tag.name));
    if (holder && holder.id !== tag.id) throw taken(holder);
    if (holder?.name !== tag.name) throw error;
  }
}

/** Whether the tag may be as wanted in spite of the error: a refusal can mean that it already was, and a lost reply that it now is. */
function isPerhapsDone(error: unknown): boolean {
  return error instanceof ExportError && ['MAILCHIMP_REFUSED', 'MAILCHIMP_UNAVAILABLE'].includes(error.code);
}

function taken({ name }: Tag): ExportError {
  return new ExportError(
    'TAG_TAKEN',
    `Could not create or rename a tag: the audience now has a tag "${name}", which may belong to another tool. ` +
      'Configure another tag, or allow existing tags with --adopt-tags.',
  );
}

const CarriersSchema = z.object({ total_items: z.int() });

export async function isTagCarried(
  connection: Connection,
  audienceId: string,
  tagId: number,
): Promise<boolean> {
  const { total_items } = await connection.send({
    what: 'count the members that carry a tag',
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

/** Name of a tag by its id; undefined when the tag was deleted. @throws ExportError AUDIENCE_NOT_FOUND */
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
  // A missing tag and a missing audience get the same 404; the listing fails only for a missing audience.
  const found = await tags(connection, audienceId);
  return found.find((tag) => tag.id === tagId)?.name;
}
