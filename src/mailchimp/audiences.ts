import { z } from 'zod';
import type { AccountInfo, AudienceInfo, AudienceSummary } from '../ports/mailchimp';
import { MERGE_FIELD_TYPES, type MergeField } from '../contract/merge-field';
import type { Connection } from './connection';

/** Items of a page: Mailchimp's maximum. Its default is 10. */
export const PAGE = 1000;

const RootSchema = z.object({
  account_id: z.string(),
  login_id: z.union([z.string(), z.number()]).transform(String).default(''),
  role: z.string(),
  account_name: z.string().default(''),
});

export async function login(connection: Connection): Promise<AccountInfo> {
  const root = await connection.send({
    what: 'sign in to Mailchimp',
    method: 'GET',
    route: '/',
    query: { fields: 'account_id,login_id,role,account_name' },
    reply: RootSchema,
  });
  const { account_id: accountId, login_id: loginId, role, account_name: name } = root;
  return { accountId, loginId, role, name, api: connection.baseUrl };
}

const AudienceSchema = z.object({
  id: z.string(),
  name: z.string(),
  double_optin: z.boolean(),
  marketing_permissions: z.boolean().default(false),
});

export async function audience(connection: Connection, audienceId: string): Promise<AudienceInfo> {
  const list = await connection.send({
    what: 'read the audience',
    method: 'GET',
    route: '/lists/{list_id}',
    params: { list_id: audienceId },
    query: { fields: 'id,name,double_optin,marketing_permissions' },
    reply: AudienceSchema,
  });
  return infoOf(list);
}

function infoOf(list: z.output<typeof AudienceSchema>): AudienceInfo {
  const { id, name, double_optin: doubleOptin, marketing_permissions: marketingPermissions } = list;
  return { id, name, doubleOptin, marketingPermissions };
}

const MergeFieldsSchema = z.object({
  merge_fields: z.array(
    z.object({
      tag: z.string(),
      name: z.string(),
      // A type that is newer than this version still takes text; Mailchimp validates each value.
      type: z.enum(MERGE_FIELD_TYPES).catch('text'),
      required: z.boolean(),
      options: z
        .object({
          choices: z.array(z.string()).optional(),
          phone_format: z.string().optional(),
          date_format: z.string().optional(),
        })
        .default({}),
    }),
  ),
});

export async function mergeFields(
  connection: Connection,
  audienceId: string,
): Promise<readonly MergeField[]> {
  const reply = await connection.send({
    what: "read the audience's merge fields",
    method: 'GET',
    route: '/lists/{list_id}/merge-fields',
    params: { list_id: audienceId },
    query: { count: PAGE },
    reply: MergeFieldsSchema,
  });
  return reply.merge_fields.map(({ tag, name, type, required, options }) => ({
    tag,
    name,
    type,
    required,
    choices: options.choices ?? [],
    ...(options.phone_format !== undefined && { phoneFormat: options.phone_format }),
    ...(options.date_format !== undefined && { dateFormat: options.date_format }),
  }));
}

/** Statuses of the contacts that Mailchimp counts and bills. */
const COUNTED = ['subscribed', 'unsubscribed', 'transactional'] as const;

const AudiencesSchema = z.object({ lists: z.array(z.object({ id: z.string() })), total_items: z.int() });
const SummariesSchema = z.object({
  lists: z.array(AudienceSchema.extend({ stats: z.object({ member_count: z.int() }) })),
  total_items: z.int(),
});
const TotalSchema = z.object({ total_items: z.int() });

/** With the subscribed members as Mailchimp last counted them, which can be minutes ago. */
export async function audiences(connection: Connection): Promise<readonly AudienceSummary[]> {
  const found = new Map<string, AudienceSummary>();
  for (let offset = 0; ; offset += PAGE) {
    const { lists, total_items } = await connection.send({
      what: 'list the audiences',
      method: 'GET',
      route: '/lists',
      query: {
        count: PAGE,
        offset,
        fields:
          'lists.id,lists.name,lists.double_optin,lists.marketing_permissions,lists.stats.member_count,total_items',
      },
      reply: SummariesSchema,
    });
    for (const { stats, ...list } of lists)
      found.set(list.id, { ...infoOf(list), subscribed: stats.member_count });
    if (lists.length === 0 || offset + lists.length >= total_items) return [...found.values()];
  }
}

/** Counts by `total_items` of member listings: an audience's `stats` lag behind and do not include all of these statuses. */
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
