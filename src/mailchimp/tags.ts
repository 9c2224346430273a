import { z } from 'zod';
import type { Tag } from '../contract/mailchimp';
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

/**
 * Makes an empty tag, or finds the one that has this name by now, in whatever case: after a lost reply it may be our own.
 * @throws ExportError MAILCHIMP_REFUSED when Mailchimp neither makes it nor has it
 */
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
    const maybeMade =
      error instanceof ExportError && ['MAILCHIMP_REFUSED', 'MAILCHIMP_UNAVAILABLE'].includes(error.code);
    if (!maybeMade) throw error;
    const wanted = tagKey(name);
    const existing = (await tags(connection, audienceId)).find((tag) => tagKey(tag.name) === wanted);
    if (existing) return existing;
    throw error;
  }
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

/** Two spellings of one tag have one key: Mailchimp compares names without case. */
export function tagKey(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}
