import { z } from 'zod';
import type { CensusPage } from '../ports/mailchimp';
import { groupId, isMergeField, type MatchedField } from '../contract/merge-field';
import type { CensusRow, CensusScope, ListingPage } from '../contract/plan';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import { changedAt } from './changed-at';
import type { Connection } from './connection';
import { withSize } from './request-size';

const CarriedTagSchema = z.object({ id: z.int() });
const MemberSchema = z.object({
  id: z.string(),
  email_address: z.string(),
  status: z.string(),
  last_changed: z.string().optional(),
  tags: z.array(CarriedTagSchema).default([]),
  tags_count: z.int().default(0),
  merge_fields: z.record(z.string(), z.unknown()).default({}),
  interests: z.record(z.string(), z.boolean()).default({}),
  language: z.string().default(''),
});
type Member = z.infer<typeof MemberSchema>;
const MembersSchema = z.object({ members: z.array(MemberSchema), total_items: z.int() });

const FIELDS = 'members.id,members.email_address,members.status,total_items';
/** Of the archived ones only, since a million times would be read for nothing. */
const CHANGE_FIELD = 'members.last_changed';
const TAG_FIELDS = 'members.tags,members.tags_count';

/** What is asked for of each member: beside its status, its tags in a full census, and its values of the fields. */
interface Asked extends ListingPage {
  readonly scope: CensusScope;
  readonly fields?: readonly MatchedField[] | undefined;
}

/** Of a page that is read in pieces, how much the pieces overlap: a member that leaves the listing moves the others up. */
const OVERLAP = 0.05;

/**
 * Reads a page of one listing, in the order of opt-in times, which an export does not change. Mailchimp lists archived members only for
 * `status=archived`, so `current` has none. In pieces, while a whole page takes Mailchimp too long.
 */
export async function censusPage(
  connection: Connection,
  audienceId: string,
  page: Asked,
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
  { listing, offset, scope, fields, count }: Asked & { readonly count: number },
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
        fields: [
          FIELDS,
          ...(scope === 'full' ? [TAG_FIELDS] : []),
          ...(listing === 'archived' ? [CHANGE_FIELD] : []),
          ...valueFields(fields),
        ].join(','),
        ...(listing !== 'current' && { status: listing }),
      },
      reply: MembersSchema,
    }),
  );
  const rows: CensusRow[] = [];
  for (const member of members) {
    // In case Mailchimp includes archived members in the default listing: the listing `archived` has all of them.
    if (listing === 'current' && member.status === 'archived') continue;
    const row = await toRow(connection, audienceId, member);
    rows.push(fields ? { ...row, values: fields.map((field) => valueOf(member, field)) } : row);
  }
  return { rows, totalItems };
}

/** Only what is compared: each takes room in every page. */
function valueFields(fields: readonly MatchedField[] = []): string[] {
  return [
    ...(fields.some(isMergeField) ? ['members.merge_fields'] : []),
    ...(fields.some(({ type }) => type === 'group') ? ['members.interests'] : []),
    ...(fields.some(({ type }) => type === 'language') ? ['members.language'] : []),
  ];
}

function valueOf({ merge_fields: values, interests, language }: Member, field: MatchedField): string | null {
  if (field.type === 'group') return textOf(interests[groupId(field)]);
  return field.type === 'language' ? language : textOf(values[field.tag]);
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function toRow(connection: Connection, audienceId: string, member: Member): Promise<CensusRow> {
  const { email_address: email, status, tags, tags_count: count } = member;
  const ids = tags.map(({ id }) => id);
  // A listing contains at most 50 tags of a member.
  const complete = count > ids.length ? await allTags(connection, audienceId, member) : ids;
  const at = changedAt(member.last_changed);
  return { email, status, tags: complete, ...(at !== undefined && { changedAt: at }) };
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
