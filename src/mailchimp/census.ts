import { z } from 'zod';
import type { CensusPage } from '../ports/mailchimp';
import type { CensusRow, CensusScope, ListingPage } from '../contract/plan';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';
import { withSize } from './request-size';

const CarriedTagSchema = z.object({ id: z.int() });
const MemberSchema = z.object({
  id: z.string(),
  email_address: z.string(),
  status: z.string(),
  tags: z.array(CarriedTagSchema).default([]),
  tags_count: z.int().default(0),
});
type Member = z.infer<typeof MemberSchema>;
const MembersSchema = z.object({ members: z.array(MemberSchema), total_items: z.int() });

const FIELDS = 'members.id,members.email_address,members.status,total_items';
const TAG_FIELDS = 'members.tags,members.tags_count';

/** Of a page that is read in pieces, how much the pieces overlap: a member that leaves the listing moves the others up. */
const OVERLAP = 0.05;

/**
 * Reads a page of one listing, in the order of opt-in times, which an export does not change. Mailchimp lists archived members only for
 * `status=archived`, so `current` has none. In pieces, while a whole page takes Mailchimp too long.
 */
export async function censusPage(
  connection: Connection,
  audienceId: string,
  page: ListingPage & { readonly scope: CensusScope },
): Promise<CensusPage> {
  const end = page.offset + PAGE;
  const rows: CensusRow[] = [];
  for (let offset = page.offset; ;) {
    const count = Math.min(connection.sizes.page.current(), end - offset);
    const piece = await readPiece(connection, audienceId, { ...page, offset, count });
    rows.push(...piece.rows);
    if (offset + count >= Math.min(end, piece.totalItems)) return { rows, totalItems: piece.totalItems };
    offset += Math.ceil(count * (1 - OVERLAP));
  }
}

async function readPiece(
  connection: Connection,
  audienceId: string,
  { listing, offset, scope, count }: ListingPage & { readonly scope: CensusScope; readonly count: number },
): Promise<CensusPage> {
  const { members, total_items: totalItems } = await withSize(connection.sizes.page, count, () =>
    connection.send({
      what: "read the audience's members",
      method: 'GET',
      route: '/lists/{list_id}/members',
      params: { list_id: audienceId },
      query: {
        count,
        offset,
        sort_field: 'timestamp_opt',
        sort_dir: 'ASC',
        fields: scope === 'full' ? `${FIELDS},${TAG_FIELDS}` : FIELDS,
        ...(listing !== 'current' && { status: listing }),
      },
      reply: MembersSchema,
    }),
  );
  const rows: CensusRow[] = [];
  for (const member of members) {
    // In case Mailchimp includes archived members in the default listing: the listing `archived` has all of them.
    if (listing === 'current' && member.status === 'archived') continue;
    rows.push(await toRow(connection, audienceId, member));
  }
  return { rows, totalItems };
}

async function toRow(connection: Connection, audienceId: string, member: Member): Promise<CensusRow> {
  const { email_address: email, status, tags, tags_count: count } = member;
  const ids = tags.map(({ id }) => id);
  // A listing contains at most 50 tags of a member.
  const complete = count > ids.length ? await allTags(connection, audienceId, member) : ids;
  return { email, status, tags: complete };
}

const MemberTagsSchema = z.object({ tags: z.array(CarriedTagSchema) });

async function allTags(
  connection: Connection,
  audienceId: string,
  { id, tags }: Member,
): Promise<readonly number[]> {
  try {
    const reply = await connection.send({
      what: "read a member's tags",
      method: 'GET',
      route: '/lists/{list_id}/members/{subscriber_hash}/tags',
      params: { list_id: audienceId, subscriber_hash: id },
      query: { count: PAGE },
      reply: MemberTagsSchema,
    });
    return reply.tags.map((tag) => tag.id);
  } catch (error) {
    // Permanently deleted since the listing was read.
    if (error instanceof ExportError && error.details['status'] === 404) return tags.map((tag) => tag.id);
    throw error;
  }
}
