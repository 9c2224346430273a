import type { Query } from './call';

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

export const slice = <T>(items: readonly T[], page: Page): T[] =>
  items.slice(page.offset, page.offset + page.count);
