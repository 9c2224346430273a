import { z } from 'zod';
import type { MemberComparison, SentMember } from '../ports/mailchimp';
import type { UpsertRow } from '../contract/plan';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';
import { subscriberHash } from './subscriber-hash';
import { tagKey } from '../contract/tag-name';

const TagNameSchema = z.object({ name: z.string() });
const MemberSchema = z.object({
  status: z.string(),
  merge_fields: z.record(z.string(), z.unknown()).default({}),
  // The reply may omit tags, and contains at most 50 of them.
  tags: z.array(TagNameSchema).optional(),
  tags_count: z.int().optional(),
});
type Member = z.infer<typeof MemberSchema>;

/** Reads one member and returns how it differs from what was sent; undefined when the audience has no member with this address. */
export async function compareMember(
  connection: Connection,
  audienceId: string,
  sent: SentMember,
): Promise<MemberComparison | undefined> {
  const params = { list_id: audienceId, subscriber_hash: subscriberHash(sent.email) };
  try {
    const member = await connection.send({
      what: 'read a member',
      method: 'GET',
      route: '/lists/{list_id}/members/{subscriber_hash}',
      params,
      query: { fields: 'status,merge_fields,tags,tags_count' },
      reply: MemberSchema,
    });
    const carried = new Set((await tagNames(connection, params, member)).map(tagKey));
    return {
      status: member.status,
      fields: sent.row ? differingFields(sent.row, member) : [],
      tags: [...missingTags(sent.row, carried), ...remainingTag(sent.untagged, carried)],
    };
  } catch (error) {
    if (error instanceof ExportError && error.details['status'] === 404) return undefined;
    throw error;
  }
}

async function tagNames(
  connection: Connection,
  params: { readonly list_id: string; readonly subscriber_hash: string },
  { tags, tags_count: count }: Member,
): Promise<readonly string[]> {
  if (tags && count === tags.length) return tags.map(({ name }) => name);
  const reply = await connection.send({
    what: "read a member's tags",
    method: 'GET',
    route: '/lists/{list_id}/members/{subscriber_hash}/tags',
    params,
    query: { count: PAGE },
    reply: z.object({ tags: z.array(TagNameSchema) }),
  });
  return reply.tags.map(({ name }) => name);
}

function differingFields({ fields }: UpsertRow, { merge_fields: found }: Member): string[] {
  const sent = JSON.parse(fields) as Readonly<Record<string, string | number>>;
  return Object.entries(sent).flatMap(([tag, value]) => (isSame(value, found[tag]) ? [] : [tag]));
}

function missingTags(row: UpsertRow | undefined, carried: ReadonlySet<string>): string[] {
  const sent = row ? (JSON.parse(row.tags) as readonly string[]) : [];
  return sent.filter((name) => !carried.has(tagKey(name)));
}

function remainingTag(name: string | undefined, carried: ReadonlySet<string>): string[] {
  return name !== undefined && carried.has(tagKey(name)) ? [name] : [];
}

const FORMATTED = /[\s().+/-]/g;

/** Mailchimp trims texts and formats telephone numbers. */
function isSame(sent: string | number, found: unknown): boolean {
  if (typeof sent === 'number') return Number(found) === sent;
  const text = typeof found === 'string' || typeof found === 'number' ? String(found) : '';
  const [one, other] = [sent, text].map((value) => value.trim().normalize('NFC')) as [string, string];
  return (
    one === other || (isNumeric(one) && one.replaceAll(FORMATTED, '') === other.replaceAll(FORMATTED, ''))
  );
}

function isNumeric(text: string): boolean {
  return /\d/.test(text) && !/\p{L}/u.test(text);
}
