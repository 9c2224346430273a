import { z } from 'zod';
import type { CensusPage } from '../contract/mailchimp';
import type { CensusRow } from '../contract/plan';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';

const TagNameSchema = z.object({ name: z.string() });
const MemberSchema = z.object({
  id: z.string(),
  email_address: z.string(),
  status: z.string(),
  tags: z.array(TagNameSchema).default([]),
  tags_count: z.int().default(0),
});
type Member = z.infer<typeof MemberSchema>;
const MembersSchema = z.object({ members: z.array(MemberSchema), total_items: z.int() });
type Members = z.infer<typeof MembersSchema>;

const FIELDS = 'members.id,members.email_address,members.status,members.tags,members.tags_count,total_items';

/** Reads an audience's census page by page. */
export type ReadCensusPage = (audienceId: string, offset: number) => Promise<CensusPage>;

/**
 * Archived members are listed only when asked for. So the census is two listings laid end to end: offsets beyond the first
 * one's total go on in the archived one, and a page over the seam is filled from both.
 *
 * The seam is fixed when the first page is read: otherwise somebody archived meanwhile would move it, and hide others. The
 * last page of each listing is read to its end, so that those who came meanwhile are seen: a page may have a few rows more,
 * and somebody archived meanwhile may appear with both statuses. Members are ordered by the time they opted in, which an
 * export does not change.
 */
export function createCensus(connection: Connection): ReadCensusPage {
  const seams = new Map<string, Seam>();

  async function measure(audienceId: string): Promise<Seam> {
    const current = await list(connection, audienceId, { offset: 0, count: 1 });
    const archived = await list(connection, audienceId, { offset: 0, count: 1, status: 'archived' });
    return { current: current.total_items, archived: archived.total_items };
  }

  return async (audienceId, offset) => {
    const seam = seams.get(audienceId) ?? (await measure(audienceId));
    seams.set(audienceId, seam);
    const total = seam.current + seam.archived;
    const members: Member[] = [];
    if (offset < seam.current) {
      const page = await list(connection, audienceId, { offset, count: PAGE });
      // In case archived members are in this listing too: the other one has them all.
      members.push(...page.members.filter(({ status }) => status !== 'archived'));
    }
    const end = Math.min(offset + PAGE, total);
    if (end > seam.current) {
      const from = Math.max(offset - seam.current, 0);
      const isLast = end === total;
      const count = isLast ? PAGE : end - seam.current - from;
      const page = await list(connection, audienceId, { offset: from, count, status: 'archived' });
      members.push(...page.members);
    }
    const rows: CensusRow[] = [];
    for (const member of members) rows.push(await toRow(connection, audienceId, member));
    return { rows, totalItems: total };
  };
}

interface Seam {
  readonly current: number;
  readonly archived: number;
}

interface Page {
  readonly offset: number;
  readonly count: number;
  readonly status?: 'archived';
}

async function list(
  connection: Connection,
  audienceId: string,
  { offset, count, status }: Page,
): Promise<Members> {
  return connection.send({
    what: "read the audience's members",
    method: 'GET',
    route: '/lists/{list_id}/members',
    params: { list_id: audienceId },
    query: {
      count,
      offset,
      sort_field: 'timestamp_opt',
      sort_dir: 'ASC',
      fields: FIELDS,
      ...(status && { status }),
    },
    reply: MembersSchema,
  });
}

async function toRow(connection: Connection, audienceId: string, member: Member): Promise<CensusRow> {
  const { email_address: email, status, tags, tags_count: count } = member;
  const names = tags.map(({ name }) => name);
  // A member's listing holds at most 50 tags.
  const complete = count > names.length ? await allTags(connection, audienceId, member) : names;
  return { email, status, tags: complete };
}

const MemberTagsSchema = z.object({ tags: z.array(TagNameSchema) });

async function allTags(
  connection: Connection,
  audienceId: string,
  { id, tags }: Member,
): Promise<readonly string[]> {
  try {
    const reply = await connection.send({
      what: "read a member's tags",
      method: 'GET',
      route: '/lists/{list_id}/members/{subscriber_hash}/tags',
      params: { list_id: audienceId, subscriber_hash: id },
      query: { count: PAGE },
      reply: MemberTagsSchema,
    });
    return reply.tags.map(({ name }) => name);
  } catch (error) {
    // Deleted for good since the listing.
    if (error instanceof ExportError && error.details['status'] === 404) return tags.map(({ name }) => name);
    throw error;
  }
}
