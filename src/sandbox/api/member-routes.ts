import type { Audience } from '../model/audience';
import type { Member } from '../model/member';
import type { WriteMode, Written } from '../model/write-member';
import type { Exchange, Query, Route } from './call';
import type { MemberFilter } from '../model/member-query';
import type { MemberInput } from '../model/member-input';
import { isValidAddress, looksFake } from '../model/email-address';
import { subscriberHash } from '../model/hash';
import { KNOWN_MEMBER_FIELDS, memberInput, schemaErrors } from '../model/member-input';
import { selectMembers } from '../model/member-query';
import { MEMBER_STATUSES } from '../model/member';
import { isRefusal, refuseAddress, writeMember } from '../model/write-member';
import { invalidResource, methodNotAllowed, notFound, Problem, schemaRefusal } from '../problem';
import { audienceOf, NO_CONTENT, queryFlag } from './call';
import { resourceLinks } from './links';
import { memberView, memberViewer } from './member-view';
import { pageOf, slice } from './paging';
import { missing, objectBody } from '../schema';

const MEMBERS = '/lists/{list_id}/members';
const MEMBER = `${MEMBERS}/{subscriber_hash}`;

/** @throws Problem 404 */
export function memberOf(exchange: Exchange, audience: Audience): Member {
  const reference = exchange.params['subscriber_hash']!;
  // The real service validates an address before it looks it up, also in a GET.
  if (reference.includes('@') && looksFake(reference))
    throw new Problem(
      invalidResource(`${reference} looks fake or invalid, please enter a real email address.`),
    );
  const member = audience.find(reference);
  if (!member) throw new Problem(notFound);
  return member;
}

function inputOf(exchange: Exchange): MemberInput {
  const body = objectBody(exchange.body);
  const errors = schemaErrors(body, '');
  if (errors.length > 0) throw new Problem(schemaRefusal(errors));
  for (const name of Object.keys(body))
    if (!KNOWN_MEMBER_FIELDS.has(name)) exchange.world.warn(`unknown field of a member: ${name}`);
  return memberInput(body);
}

function modeOf(exchange: Exchange, tags: WriteMode['tags']): WriteMode {
  const { world, query } = exchange;
  return {
    switches: world.settings.switches,
    now: world.seconds(),
    skipMergeValidation: queryFlag(query['skip_merge_validation']),
    tags,
    syncTags: false,
    refuseRoles: false,
  };
}

function write(
  audience: Audience,
  input: MemberInput & { readonly email: string },
  mode: WriteMode,
): Written {
  const refused = refuseAddress(audience, input.email, mode.refuseRoles);
  if (refused) throw new Problem(refused);
  const result = writeMember(audience, { ...input, key: subscriberHash(input.email) }, mode);
  if (isRefusal(result)) throw new Problem(result);
  return result;
}

/** Checks a change of address before anything is written. */
function checkNewAddress(audience: Audience, member: Member, email: string): void {
  const refused = refuseAddress(audience, email, false);
  if (refused) throw new Problem(refused);
  if (subscriberHash(email) === member.key) return;
  if (audience.byAddress(email)) throw new Problem(memberExists(email));
  if (member.status === 'subscribed') return;
  throw new Problem(
    invalidResource(
      `This member's status is "${member.status}." You can only update email addresses for members with a status of "subscribed."`,
    ),
  );
}

/** Writes an existing member. A new address changes the hash and the position; contact id and web id stay. */
function writeExisting(
  audience: Audience,
  member: Member,
  { input, mode }: { readonly input: MemberInput; readonly mode: WriteMode },
): Member {
  if (input.email !== undefined) checkNewAddress(audience, member, input.email);
  write(audience, { ...input, email: member.email }, mode);
  if (input.email !== undefined && input.email !== member.email)
    audience.rename(member, input.email, mode.now);
  return member;
}

const memberExists = (email: string) => ({
  status: 400,
  title: 'Member Exists',
  detail: `${email} is already a list member. Use PUT to insert or update list members.`,
  untyped: true as const,
});

function putMember(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const input = inputOf(exchange);
  const reference = exchange.params['subscriber_hash']!;
  const existing = audience.find(reference);
  const mode = modeOf(exchange, exchange.world.settings.switches.tagsOnPut);
  if (existing) {
    const member = writeExisting(audience, existing, { input, mode });
    return memberView(memberViewer(exchange, audience), member, input.email);
  }
  const email = input.email ?? (reference.includes('@') ? reference.trim() : undefined);
  if (email === undefined) throw new Problem(schemaRefusal([missing('', 'email_address')]));
  // The hash of another address, or of this one in capitals.
  if (audience.byAddress(email)) throw new Problem(memberExists(email));
  const written = write(audience, { ...input, email }, mode);
  return memberView(memberViewer(exchange, audience), written.member, email);
}

function postMember(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const input = inputOf(exchange);
  const { email, status } = input;
  if (email === undefined) throw new Problem(schemaRefusal([missing('', 'email_address')]));
  if (status === undefined) throw new Problem(schemaRefusal([missing('', 'status')]));
  const existing = audience.byAddress(email);
  if (existing && existing.status !== 'archived' && isValidAddress(email))
    throw new Problem(memberExists(email));
  const { tagsOnPut } = exchange.world.settings.switches;
  const mode = modeOf(exchange, tagsOnPut === 'ignored' ? 'ignored' : 'applied');
  const written = write(audience, { ...input, email }, mode);
  return memberView(memberViewer(exchange, audience), written.member, email);
}

function patchMember(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const member = memberOf(exchange, audience);
  const input = { ...inputOf(exchange), statusIfNew: undefined };
  writeExisting(audience, member, { input, mode: modeOf(exchange, 'ignored') });
  return memberView(memberViewer(exchange, audience), member, input.email);
}

const ARCHIVABLE = new Set(['subscribed', 'unsubscribed', 'transactional']);

function archiveMember(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  const member = memberOf(exchange, audience);
  if (!ARCHIVABLE.has(member.status))
    throw new Problem(
      methodNotAllowed(
        'GET, PUT',
        'This list member cannot be removed. Can not archive a contact that is bounced, pending or archived',
      ),
    );
  const now = exchange.world.seconds();
  audience.setStatus(member, 'archived', now);
  member.lastChanged = now;
  audience.changed(member);
  return NO_CONTENT;
}

function deletePermanently(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  audience.forget(memberOf(exchange, audience));
  return NO_CONTENT;
}

const unixSeconds = (text: string | undefined): number | undefined => {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
};

function filterOf(exchange: Exchange, query: Query): MemberFilter {
  const { archivedInDefaultListing } = exchange.world.settings.switches;
  const status = query['status'] ?? (archivedInDefaultListing ? 'any' : '');
  if (query['status'] !== undefined && !(MEMBER_STATUSES as readonly string[]).includes(status))
    throw new Problem(
      schemaRefusal([
        { field: 'status', message: `Value must be one of: ${MEMBER_STATUSES.join(', ')}  (not ${status})` },
      ]),
    );
  if (query['unsubscribed_since'] !== undefined && status !== 'unsubscribed')
    throw new Problem(invalidResource('unsubscribed_since can only be used with status unsubscribed.'));
  return {
    status,
    sinceLastChanged: unixSeconds(query['since_last_changed'] ?? query['unsubscribed_since']),
    beforeLastChanged: unixSeconds(query['before_last_changed']),
    sinceOptIn: unixSeconds(query['since_timestamp_opt']),
    beforeOptIn: unixSeconds(query['before_timestamp_opt']),
    vipOnly: queryFlag(query['vip_only']),
    emailType: query['email_type'],
    tagId: undefined,
    sortField: query['sort_field'],
    descending: query['sort_dir'] === 'DESC',
  };
}

/** A page of the members that match the filter; also used for the members of a segment. */
export function memberPage(exchange: Exchange, audience: Audience, tagId?: number): object {
  const filter = { ...filterOf(exchange, exchange.query), tagId };
  const members = selectMembers(audience, filter);
  const viewer = memberViewer(exchange, audience);
  const { id } = audience.profile;
  const links = resourceLinks(exchange.account.dc, `/lists/${id}/members`, 'Lists/Members');
  return {
    members: slice(members, pageOf(exchange.query)).map((member) => memberView(viewer, member)),
    list_id: id,
    total_items: members.length,
    ...(exchange.world.settings.replies === 'full' ? { _links: links } : {}),
  };
}

function getMember(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  return memberView(memberViewer(exchange, audience), memberOf(exchange, audience));
}

export const memberRoutes: readonly Route[] = [
  { method: 'GET', template: MEMBERS, handle: (exchange) => memberPage(exchange, audienceOf(exchange)) },
  { method: 'POST', template: MEMBERS, handle: postMember },
  { method: 'GET', template: MEMBER, handle: getMember },
  { method: 'PUT', template: MEMBER, handle: putMember },
  { method: 'PATCH', template: MEMBER, handle: patchMember },
  { method: 'DELETE', template: MEMBER, handle: archiveMember },
  { method: 'POST', template: `${MEMBER}/actions/delete-permanent`, handle: deletePermanently },
];
