import type { Audience } from '../model/audience';
import type { Member } from '../model/member';
import type { Segment } from '../model/segment';
import type { Exchange, Query, Route } from './call';
import { isoTime } from '../model/times';
import { invalidResource, notFound, Problem, schemaRefusal } from '../problem';
import { audienceOf, NO_CONTENT, queryFlag } from './call';
import { collectionLinks, resourceLinks } from './links';
import { memberOf, memberPage } from './member-routes';
import { memberView, memberViewer } from './member-view';
import { pageOf, slice } from './paging';
import { missing, objectBody, requiredString, stringField, stringList } from '../schema';
import { checkTagName } from './tag-routes';

const SEGMENTS = '/lists/{list_id}/segments';
const SEGMENT = `${SEGMENTS}/{segment_id}`;
const MAX_MEMBERS = 500;

/** @throws Problem 404 */
function segmentOf(exchange: Exchange, audience: Audience): Segment {
  const segment = audience.segments.get(Number(exchange.params['segment_id']));
  if (!segment) throw new Problem(notFound);
  return segment;
}

function memberCount(segment: Segment, query: Query): number {
  const { holders } = segment;
  let count = holders.subscribed;
  if (queryFlag(query['include_cleaned'])) count += holders.cleaned;
  if (queryFlag(query['include_transactional'])) count += holders.transactional;
  if (queryFlag(query['include_unsubscribed'])) count += holders.unsubscribed;
  return count;
}

function segmentView(exchange: Exchange, audience: Audience, segment: Segment): object {
  const { id, name, type, createdAt, updatedAt, options } = segment;
  const path = `/lists/${audience.profile.id}/segments/${id}`;
  return {
    id,
    name,
    member_count: memberCount(segment, exchange.query),
    type,
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
    options: options ?? { match: 'any', conditions: [] },
    list_id: audience.profile.id,
    ...(exchange.world.settings.replies === 'full'
      ? { _links: resourceLinks(exchange.account.dc, path, 'Lists/Segments') }
      : {}),
  };
}

function listSegments(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const { type, exclude_type: excluded } = exchange.query as { type?: string; exclude_type?: string };
  const segments = [...audience.segments.values()].filter(
    (segment) => (type === undefined || segment.type === type) && segment.type !== excluded,
  );
  return {
    segments: slice(segments, pageOf(exchange.query)).map((one) => segmentView(exchange, audience, one)),
    list_id: audience.profile.id,
    total_items: segments.length,
    ...collectionLinks(exchange, `/lists/${audience.profile.id}/segments`, 'Lists/Segments'),
  };
}

function createSegment(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const body = objectBody(exchange.body);
  const name = requiredString(body, 'name').trim();
  const addresses = stringList(body, 'static_segment');
  if (addresses === undefined && body['options'] === undefined)
    throw new Problem(schemaRefusal([missing('', 'static_segment')]));
  if (name === '') throw new Problem(schemaRefusal([{ field: 'name', message: 'Please enter a value' }]));
  checkTagName(exchange, name);
  if (addresses && audience.tag(name))
    throw new Problem(
      invalidResource('Sorry, that tag already exists.', [
        { field: 'name', message: 'Sorry, that tag already exists.' },
      ]),
    );
  if (!addresses) exchange.world.warn('the conditions of a saved segment are not evaluated');
  const at = exchange.world.seconds();
  const options = body['options'];
  const segment = audience.addSegment({ name, type: addresses ? 'static' : 'saved', options, at });
  for (const address of addresses ?? []) tagMember(exchange, segment, address);
  return segmentView(exchange, audience, segment);
}

/** The member with an address, unless segment calls ignore it. */
function reachable(exchange: Exchange, audience: Audience, address: string): Member | undefined {
  const member = audience.byAddress(address);
  const { archivedInSegments } = exchange.world.settings.switches;
  return member?.status === 'archived' && !archivedInSegments ? undefined : member;
}

function tagMember(exchange: Exchange, segment: Segment, address: string): Member | undefined {
  const audience = audienceOf(exchange);
  const member = reachable(exchange, audience, address);
  if (member) audience.setTags(member, audience.tagSets.with(member.tags, segment.id));
  return member;
}

interface Change {
  readonly done: Member[];
  readonly errors: { readonly email_addresses: string[]; readonly error: string }[];
}

const NOT_IN_LIST = 'Email address does not belong to this list';
const NOT_IN_SEGMENT = 'Email address is not in this segment';

function addMembers(exchange: Exchange, segment: Segment, addresses: readonly string[]): Change {
  const change: Change = { done: [], errors: [] };
  const refused: string[] = [];
  for (const address of addresses) {
    const member = tagMember(exchange, segment, address);
    if (member) change.done.push(member);
    else refused.push(address);
  }
  report(exchange, change, { addresses: refused, error: NOT_IN_LIST });
  return change;
}

function removeMembers(exchange: Exchange, segment: Segment, addresses: readonly string[]): Change {
  const audience = audienceOf(exchange);
  const { segmentRemoveUntagged } = exchange.world.settings.switches;
  const change: Change = { done: [], errors: [] };
  const strangers: string[] = [];
  const untagged: string[] = [];
  for (const address of addresses) {
    const member = reachable(exchange, audience, address);
    if (!member) strangers.push(address);
    else if (member.tags.ids.includes(segment.id)) {
      audience.setTags(member, audience.tagSets.without(member.tags, segment.id));
      change.done.push(member);
    } else if (segmentRemoveUntagged === 'removed') change.done.push(member);
    else untagged.push(address);
  }
  report(exchange, change, { addresses: strangers, error: NOT_IN_LIST });
  if (segmentRemoveUntagged === 'error' && untagged.length > 0)
    change.errors.push({ email_addresses: untagged, error: NOT_IN_SEGMENT });
  return change;
}

function report(
  exchange: Exchange,
  change: Change,
  refused: { readonly addresses: string[]; readonly error: string },
): void {
  if (refused.addresses.length === 0 || exchange.world.settings.switches.segmentUnknownAddress === 'ignored')
    return;
  change.errors.push({ email_addresses: refused.addresses, error: refused.error });
}

function changeMembers(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const segment = segmentOf(exchange, audience);
  const body = objectBody(exchange.body);
  const adding = stringList(body, 'members_to_add') ?? [];
  const removing = stringList(body, 'members_to_remove') ?? [];
  if (adding.length > MAX_MEMBERS || removing.length > MAX_MEMBERS)
    throw new Problem(
      invalidResource(
        'Maximum allowed member items exceeded, please provide at most 500 items in members_to_add field or members_to_remove field',
      ),
    );
  const added = addMembers(exchange, segment, adding);
  const removed = removeMembers(exchange, segment, removing);
  const errors = [...added.errors, ...removed.errors];
  segment.updatedAt = exchange.world.seconds();
  audience.changed();
  const viewer = memberViewer(exchange, audience);
  return {
    members_added: added.done.map((member) => memberView(viewer, member)),
    members_removed: removed.done.map((member) => memberView(viewer, member)),
    errors,
    total_added: added.done.length,
    total_removed: removed.done.length,
    error_count: errors.length,
  };
}

function patchSegment(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const segment = segmentOf(exchange, audience);
  const body = objectBody(exchange.body);
  const name = stringField(body, 'name')?.trim();
  const addresses = stringList(body, 'static_segment');
  if (name !== undefined && name !== segment.name) renameSegment(exchange, { audience, segment, name });
  if (addresses) {
    for (const member of audience.members())
      audience.setTags(member, audience.tagSets.without(member.tags, segment.id));
    for (const address of addresses) tagMember(exchange, segment, address);
  }
  segment.updatedAt = exchange.world.seconds();
  audience.changed();
  return segmentView(exchange, audience, segment);
}

function renameSegment(
  exchange: Exchange,
  change: { readonly audience: Audience; readonly segment: Segment; readonly name: string },
): void {
  const { audience, segment, name } = change;
  if (name === '') throw new Problem(schemaRefusal([{ field: 'name', message: 'Please enter a value' }]));
  checkTagName(exchange, name);
  const holder = segment.type === 'static' ? audience.tag(name) : undefined;
  if (holder && holder !== segment) throw new Problem(invalidResource('Sorry, that tag already exists.'));
  audience.renameSegment(segment, name);
}

function addMember(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const segment = segmentOf(exchange, audience);
  const member = tagMember(exchange, segment, requiredString(objectBody(exchange.body), 'email_address'));
  if (!member) throw new Problem(notFound);
  return memberView(memberViewer(exchange, audience), member);
}

function removeMember(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  const segment = segmentOf(exchange, audience);
  const member = memberOf(exchange, audience);
  if (!member.tags.ids.includes(segment.id)) throw new Problem(notFound);
  audience.setTags(member, audience.tagSets.without(member.tags, segment.id));
  return NO_CONTENT;
}

function deleteSegment(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  audience.removeSegment(segmentOf(exchange, audience));
  return NO_CONTENT;
}

const onAudience =
  (handle: (exchange: Exchange, audience: Audience, segment: Segment) => object) =>
  (exchange: Exchange): object => {
    const audience = audienceOf(exchange);
    return handle(exchange, audience, segmentOf(exchange, audience));
  };

export const segmentRoutes: readonly Route[] = [
  { method: 'GET', template: SEGMENTS, handle: listSegments },
  { method: 'POST', template: SEGMENTS, handle: createSegment },
  { method: 'GET', template: SEGMENT, handle: onAudience(segmentView) },
  { method: 'POST', template: SEGMENT, handle: changeMembers },
  { method: 'PATCH', template: SEGMENT, handle: patchSegment },
  { method: 'DELETE', template: SEGMENT, handle: deleteSegment },
  {
    method: 'GET',
    template: `${SEGMENT}/members`,
    handle: onAudience((exchange, audience, segment) => memberPage(exchange, audience, segment.id)),
  },
  { method: 'POST', template: `${SEGMENT}/members`, handle: addMember },
  { method: 'DELETE', template: `${SEGMENT}/members/{subscriber_hash}`, handle: removeMember },
];
