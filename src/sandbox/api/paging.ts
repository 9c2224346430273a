import type { Query } from './call';
import { isObject } from '../schema';

export interface Page {
  readonly count: number;
  readonly offset: number;
}

const natural = (text: string | undefined, otherwise: number): number =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;

/** Default 10. Mailchimp limits it to 1,000 without an error. */
export function pageOf(query: Query): Page {
  return { count: Math.min(natural(query['count'], 10), 1000), offset: natural(query['offset'], 0) };
}

const ROW_LISTS = ['members', 'members_to_add', 'members_to_remove', 'static_segment'];

/** The size of a request: the rows that it sends, or the most that it can list. */
export function rowsOf({
  method,
  query,
  body,
}: {
  readonly method: string;
  readonly query: Query;
  readonly body: string | undefined;
}): number {
  if (method === 'GET') return pageOf(query).count;
  const given = parsedOrNothing(body);
  if (!isObject(given)) return 0;
  const lists = ROW_LISTS.map((name) => given[name]).filter((list) => Array.isArray(list));
  return lists.reduce((sum, list) => sum + list.length, 0);
}

function parsedOrNothing(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? '');
  } catch {
    return undefined;
  }
}

export const slice = <T>(items: readonly T[], page: Page): T[] =>
  items.slice(page.offset, page.offset + page.count);
