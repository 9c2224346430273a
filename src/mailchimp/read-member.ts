import { z } from 'zod';
import type { Member, Tag } from '../ports/mailchimp';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import { changedAt } from './changed-at';
import type { Connection } from './connection';
import { subscriberHash } from './subscriber-hash';

const TagSchema = z.object({ id: z.int(), name: z.string() });
const MemberSchema = z.object({
  status: z.string(),
  last_changed: z.string().default(''),
  merge_fields: z.record(z.string(), z.unknown()).default({}),
  // The reply may omit tags, and contains at most 50 of them.
  tags: z.array(TagSchema).optional(),
  tags_count: z.int().optional(),
  interests: z.record(z.string(), z.boolean()).default({}),
  language: z.string().default(''),
  ip_signup: z.string().default(''),
  timestamp_signup: z.string().default(''),
});

const FIELDS =
  'status,last_changed,merge_fields,tags,tags_count,interests,language,ip_signup,timestamp_signup';

/** One member with its fields and all its tags; undefined when the audience has no member with this address. */
export async function readMember(
  connection: Connection,
  audienceId: string,
  email: string,
): Promise<Member | undefined> {
  const params = { list_id: audienceId, subscriber_hash: subscriberHash(email) };
  try {
    const member = await connection.send({
      what: 'read a member',
      method: 'GET',
      route: '/lists/{list_id}/members/{subscriber_hash}',
      params,
      query: { fields: FIELDS },
      reply: MemberSchema,
    });
    const at = changedAt(member.last_changed);
    return {
      status: member.status,
      lastChangedAt: member.last_changed,
      ...(at !== undefined && { changedAt: at }),
      fields: member.merge_fields,
      tags: await tagsOf(connection, params, member),
      groups: member.interests,
      language: member.language,
      signup: { ip: member.ip_signup, at: member.timestamp_signup },
    };
  } catch (error) {
    if (error instanceof ExportError && error.details['status'] === 404) return undefined;
    throw error;
  }
}

async function tagsOf(
  connection: Connection,
  params: { readonly list_id: string; readonly subscriber_hash: string },
  { tags, tags_count: count }: z.infer<typeof MemberSchema>,
): Promise<readonly Tag[]> {
  if (tags && count === tags.length) return tags;
  const reply = await connection.send({
    what: "read a member's tags",
    method: 'GET',
    route: '/lists/{list_id}/members/{subscriber_hash}/tags',
    params,
    query: { count: PAGE },
    reply: z.object({ tags: z.array(TagSchema) }),
  });
  return reply.tags;
}
