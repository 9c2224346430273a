import type { Exchange, Route } from './call';
import { isoTime } from '../model/times';
import { invalidResource, Problem } from '../problem';
import { audienceOf, NO_CONTENT } from './call';
import { memberOf } from './member-routes';
import { pageOf, slice } from './paging';
import { isObject, objectBody } from '../schema';

const MEMBER_TAGS = '/lists/{list_id}/members/{subscriber_hash}/tags';

/** @throws Problem 400 when the name is too long */
export function checkTagName(exchange: Exchange, name: string): void {
  const most = exchange.world.settings.switches.tagNameMax;
  if (Array.from(name).length > most)
    throw new Problem(invalidResource(`Tag names can be at most ${most} characters long.`));
}

function setTags(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  const member = memberOf(exchange, audience);
  const { tags } = objectBody(exchange.body) as { tags?: unknown };
  // The real service also answers 204 to a body without `tags`.
  if (!Array.isArray(tags)) exchange.world.warn('POST tags without a list of tags: nothing was changed');
  let set = member.tags;
  for (const tag of Array.isArray(tags) ? tags : []) {
    if (!isObject(tag) || typeof tag['name'] !== 'string' || tag['name'].trim() === '') continue;
    checkTagName(exchange, tag['name']);
    const known = audience.tag(tag['name']);
    if (tag['status'] === 'active')
      set = audience.tagSets.with(
        set,
        (known ?? audience.tagOrNew(tag['name'], exchange.world.seconds())).id,
      );
    else if (tag['status'] === 'inactive' && known) set = audience.tagSets.without(set, known.id);
  }
  if (set !== member.tags) member.lastChanged = exchange.world.seconds();
  audience.setTags(member, set);
  return NO_CONTENT;
}

function getTags(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const member = memberOf(exchange, audience);
  const tags = slice(member.tags.ids, pageOf(exchange.query)).map((id) => {
    const { name, createdAt } = audience.segments.get(id)!;
    return { id, name, date_added: isoTime(Math.max(createdAt, member.addedAt)) };
  });
  return { tags, total_items: member.tags.ids.length };
}

function searchTags(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const prefix = (exchange.query['name'] ?? '').toLowerCase();
  const tags = [...audience.segments.values()]
    .filter((segment) => segment.type === 'static' && segment.name.toLowerCase().startsWith(prefix))
    .map(({ id, name }) => ({ id, name }));
  return { tags, total_items: tags.length };
}

export const tagRoutes: readonly Route[] = [
  { method: 'POST', template: MEMBER_TAGS, handle: setTags },
  { method: 'GET', template: MEMBER_TAGS, handle: getTags },
  { method: 'GET', template: '/lists/{list_id}/tag-search', handle: searchTags },
];
