import type { Audience } from '../model/audience';
import type { InterestCategory } from '../model/interest';
import type { Exchange, Route } from './call';
import { interestId } from '../model/interest';
import { invalidResource, notFound, Problem } from '../problem';
import { objectBody, requiredString, stringField } from '../schema';
import { audienceOf, NO_CONTENT } from './call';
import { collectionLinks, resourceLinks } from './links';
import { pageOf, slice } from './paging';

const CATEGORIES = '/lists/{list_id}/interest-categories';
const CATEGORY = `${CATEGORIES}/{interest_category_id}`;
const INTERESTS = `${CATEGORY}/interests`;
const INTEREST = `${INTERESTS}/{interest_id}`;
const MOST_INTERESTS = 60;

/** @throws Problem 404 */
function categoryOf(exchange: Exchange, audience: Audience): InterestCategory {
  const id = exchange.params['interest_category_id'];
  const category = audience.interestCategories.find((one) => one.id === id);
  if (!category) throw new Problem(notFound);
  return category;
}

function links(exchange: Exchange, path: string, schema: string): object {
  return exchange.world.settings.replies === 'full'
    ? { _links: resourceLinks(exchange.account.dc, path, schema) }
    : {};
}

function categoryView(exchange: Exchange, audience: Audience, category: InterestCategory): object {
  const { id: listId } = audience.profile;
  const { id, title, type } = category;
  const path = `/lists/${listId}/interest-categories/${id}`;
  return {
    list_id: listId,
    id,
    title,
    display_order: 0,
    type,
    ...links(exchange, path, 'Lists/InterestCategories'),
  };
}

function interestView(
  exchange: Exchange,
  audience: Audience,
  of: { readonly category: InterestCategory; readonly interest: InterestCategory['interests'][number] },
): object {
  const { id: listId } = audience.profile;
  const { category, interest } = of;
  const path = `/lists/${listId}/interest-categories/${category.id}/interests/${interest.id}`;
  const subscribers = [...audience.members()].filter(({ extra }) => extra?.interests?.[interest.id]).length;
  return {
    category_id: category.id,
    list_id: listId,
    id: interest.id,
    name: interest.name,
    subscriber_count: String(subscribers),
    display_order: 0,
    ...links(exchange, path, 'Lists/InterestCategories/Interests'),
  };
}

function listCategories(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const { id } = audience.profile;
  const categories = audience.interestCategories;
  return {
    list_id: id,
    categories: slice(categories, pageOf(exchange.query)).map((one) => categoryView(exchange, audience, one)),
    total_items: categories.length,
    ...collectionLinks(exchange, `/lists/${id}/interest-categories`, 'Lists/InterestCategories'),
  };
}

function createCategory(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const body = objectBody(exchange.body);
  const title = requiredString(body, 'title');
  const type = stringField(body, 'type') ?? 'checkboxes';
  const id = interestId(audience.profile.id, title);
  if (audience.interestCategories.some((category) => category.id === id))
    throw new Problem(invalidResource(`Cannot add "${title}" because it already exists on the list.`));
  const category = { id, title, type, interests: [] };
  audience.setCategory(id, category);
  return categoryView(exchange, audience, category);
}

function listInterests(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const category = categoryOf(exchange, audience);
  const { id } = audience.profile;
  return {
    interests: slice(category.interests, pageOf(exchange.query)).map((interest) =>
      interestView(exchange, audience, { category, interest }),
    ),
    list_id: id,
    category_id: category.id,
    total_items: category.interests.length,
    ...collectionLinks(
      exchange,
      `/lists/${id}/interest-categories/${category.id}/interests`,
      'Lists/InterestCategories/Interests',
    ),
  };
}

function createInterest(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const category = categoryOf(exchange, audience);
  const name = requiredString(objectBody(exchange.body), 'name');
  if (category.interests.some((interest) => interest.name === name))
    throw new Problem(invalidResource(`Cannot add "${name}" because it already exists on the list.`));
  // The real text is not known.
  if (audience.interestIds.length >= MOST_INTERESTS)
    throw new Problem(invalidResource(`This list has the maximum of ${MOST_INTERESTS} groups.`));
  const interest = { id: interestId(category.id, name), name };
  audience.setCategory(category.id, { ...category, interests: [...category.interests, interest] });
  return interestView(exchange, audience, { category, interest });
}

function deleteInterest(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  const category = categoryOf(exchange, audience);
  const left = category.interests.filter(({ id }) => id !== exchange.params['interest_id']);
  if (left.length === category.interests.length) throw new Problem(notFound);
  audience.setCategory(category.id, { ...category, interests: left });
  return NO_CONTENT;
}

export const interestRoutes: readonly Route[] = [
  { method: 'GET', template: CATEGORIES, handle: listCategories },
  { method: 'POST', template: CATEGORIES, handle: createCategory },
  { method: 'GET', template: INTERESTS, handle: listInterests },
  { method: 'POST', template: INTERESTS, handle: createInterest },
  { method: 'DELETE', template: INTEREST, handle: deleteInterest },
];
