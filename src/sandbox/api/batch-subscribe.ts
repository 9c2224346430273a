import type { Audience } from '../model/audience';
import type { Refusal } from '../problem';
import type { Exchange } from './call';
import type { JsonObject } from '../schema';
import { shuffled, subscriberHash } from '../model/hash';
import type { MemberInput } from '../model/member-input';
import { KNOWN_MEMBER_FIELDS, memberInput, rowSchemaErrors } from '../model/member-input';
import type { WriteMode } from '../model/write-member';
import { addressed, isRefusal, refuseAddress, writeMember } from '../model/write-member';
import { invalidResource, Problem, schemaRefusal, worded } from '../problem';
import type { SandboxSwitches } from '../switches';
import { audienceOf, queryFlag } from './call';
import { resourceLinks } from './links';
import { memberView, memberViewer } from './member-view';
import { listField, missing, objectBody } from '../schema';

const MAX_ROWS = 500;
const MAX_ERRORS = 100;

interface RowError {
  readonly email_address: string;
  readonly error: string;
  readonly error_code: 'ERROR_CONTACT_EXISTS' | 'ERROR_GENERIC';
  readonly field: string;
  readonly field_message: string;
}

interface Subscribe {
  readonly exchange: Exchange;
  readonly audience: Audience;
  readonly mode: WriteMode;
  readonly updateExisting: boolean;
  readonly seen: Set<string>;
  readonly skipDuplicates: boolean;
  readonly mergeTags: ReadonlySet<string>;
}

interface Rows {
  readonly created: object[];
  readonly updated: object[];
  readonly errors: RowError[];
}

/** `POST /lists/{list_id}`: up to 500 rows, each with its own result; 200 even when all of them failed. */
export function batchSubscribe(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const body = objectBody(exchange.body);
  const members = listField(body, 'members');
  if (!members) throw new Problem(schemaRefusal([missing('', 'members')]));
  // The real text is not known.
  if (members.length > MAX_ROWS)
    throw new Problem(
      invalidResource(
        `Maximum allowed member items exceeded, please provide at most ${MAX_ROWS} items in members field`,
      ),
    );
  const subscribe = subscription(exchange, audience, body);
  const refused = checkSchema(subscribe, members);
  const rows: Rows = { created: [], updated: [], errors: [] };
  const viewer = memberViewer(exchange, audience);
  for (const [place, row] of members.entries()) {
    const bad = refused.get(place);
    if (bad) rows.errors.push(bad);
    else subscribeRow(subscribe, row as JsonObject, { rows, viewer });
  }
  return reply(subscribe, rows);
}

function subscription(exchange: Exchange, audience: Audience, body: JsonObject): Subscribe {
  const { world, query } = exchange;
  const { switches } = world.settings;
  for (const name of Object.keys(body))
    if (name !== 'members' && name !== 'update_existing' && name !== 'sync_tags')
      world.warn(`unknown field in POST /lists/{list_id}: ${name}`);
  const updateExisting = body['update_existing'] === true;
  return {
    exchange,
    audience,
    updateExisting,
    seen: new Set(),
    mergeTags: new Set(audience.mergeFields.map((field) => field.tag)),
    skipDuplicates: queryFlag(query['skip_duplicate_check']),
    mode: {
      switches,
      now: world.seconds(),
      skipMergeValidation: queryFlag(query['skip_merge_validation']),
      tags: switches.tagsOnBatch,
      // Without update_existing, it has no effect on existing members.
      syncTags: updateExisting && body['sync_tags'] === true,
      refuseRoles: switches.roleAddressesRefused,
    },
  };
}

/** One row that violates the schema makes the whole request fail, unless the switch says otherwise. */
function checkSchema(subscribe: Subscribe, members: readonly unknown[]): Map<number, RowError> {
  const { switches } = subscribe.mode;
  const single = new Map<number, RowError>();
  const errors = [];
  for (const [place, row] of members.entries()) {
    const found = rowSchemaErrors(row, place, switches.statusIfNewOnBatch !== 'refused');
    if (found.length === 0) continue;
    errors.push(...found);
    const email = (row as { email_address?: unknown } | null)?.email_address;
    const refusal = schemaRefusal(found);
    single.set(place, rowError(subscribe, typeof email === 'string' ? email : '', refusal));
  }
  if (errors.length > 0 && switches.schemaErrorsRefuseRequest)
    throw new Problem(schemaRefusal(errors.slice(0, MAX_ERRORS)));
  return single;
}

function subscribeRow(
  subscribe: Subscribe,
  row: JsonObject,
  into: { readonly rows: Rows; readonly viewer: ReturnType<typeof memberViewer> },
): void {
  const { audience, mode, seen } = subscribe;
  warnOfStrangers(subscribe, row);
  const input = rowInput(row, mode.switches);
  const email = input.email!;
  const sent = row['email_address'] as string;
  const key = subscriberHash(email);
  if (seen.has(key)) {
    if (subscribe.skipDuplicates) return;
    if (mode.switches.duplicateRows === 'error') {
      // The real text is not known.
      into.rows.errors.push(
        rowError(subscribe, sent, invalidResource(`${email} appears more than once in this request`)),
      );
      return;
    }
  }
  seen.add(key);
  const refused = refuseAddress(audience, email, mode.refuseRoles) ?? refuseExisting(subscribe, email, key);
  const result = refused ?? writeMember(audience, addressed(input, email, key), mode);
  if (isRefusal(result)) into.rows.errors.push(rowError(subscribe, sent, result));
  else if (result.created) into.rows.created.push(memberView(into.viewer, result.member, sent));
  else if (result.changed || mode.switches.unchangedRowInReply)
    into.rows.updated.push(memberView(into.viewer, result.member, sent));
}

function rowInput(row: JsonObject, { statusIfNewOnBatch }: SandboxSwitches): MemberInput {
  // A batch subscribe takes no permissions: they need a request for each member.
  const { marketing_permissions: _, ...taken } = row;
  const input = memberInput(taken);
  return statusIfNewOnBatch === 'ignored' ? { ...input, statusIfNew: 'subscribed' } : input;
}

/** Mailchimp ignores unknown fields and merge tags without an error. */
function warnOfStrangers({ exchange, mergeTags }: Subscribe, row: JsonObject): void {
  for (const name in row)
    if (!KNOWN_MEMBER_FIELDS.has(name))
      exchange.world.warn(`unknown field in a row of POST /lists/{list_id}: ${name}`);
  for (const tag in row['merge_fields'] as JsonObject | undefined)
    if (!mergeTags.has(tag))
      exchange.world.warn(`unknown merge tag in a row of POST /lists/{list_id}: ${tag}`);
}

function refuseExisting(subscribe: Subscribe, email: string, key: string): Refusal | undefined {
  const member = subscribe.updateExisting ? undefined : subscribe.audience.byKey(key);
  if (!member || member.status === 'archived') return undefined;
  return {
    status: 400,
    title: 'Member Exists',
    detail: `${email} is already a list member, do you want to update? please provide update_existing:true in the request body`,
  };
}

function rowError(subscribe: Subscribe, sent: string, refusal: Refusal): RowError {
  const field = worded(refusal, subscribe.mode.switches.enumWording).errors?.[0];
  return {
    email_address: subscribe.mode.switches.quotedErrorAddress ? `"${sent}"` : sent,
    error: refusal.detail,
    error_code: refusal.title === 'Member Exists' ? 'ERROR_CONTACT_EXISTS' : 'ERROR_GENERIC',
    field: field?.field ?? '',
    field_message: field?.message ?? '',
  };
}

/** The order of the lists differs from that of the request, as in the real service. */
function reply(subscribe: Subscribe, rows: Rows): object {
  const { id } = subscribe.audience.profile;
  const seed = `${id}/${subscribe.audience.version}`;
  const links = resourceLinks(subscribe.exchange.account.dc, `/lists/${id}`, 'Lists');
  return {
    new_members: shuffled(rows.created, seed),
    updated_members: shuffled(rows.updated, seed),
    errors: rows.errors,
    total_created: rows.created.length,
    total_updated: rows.updated.length,
    error_count: rows.errors.length,
    ...(subscribe.exchange.world.settings.replies === 'full' ? { _links: links } : {}),
  };
}
