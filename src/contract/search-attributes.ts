import type { Connection } from '@temporalio/client';

/**
 * Custom search attributes of destinations and exports, where they are opted in, with the types of Temporal's tools. Temporal encrypts none of
 * them: ids, numbers, and words of closed lists only.
 */
export const SEARCH_ATTRIBUTES = {
  MailchimpDestination: 'Keyword',
  MailchimpAudience: 'Keyword',
  MailchimpKind: 'Keyword',
  MailchimpState: 'Keyword',
  MailchimpNumber: 'Int',
} as const;
export type SearchAttribute = keyof typeof SEARCH_ATTRIBUTES;

const NAMES = Object.keys(SEARCH_ATTRIBUTES) as SearchAttribute[];

/** As the server numbers the types. */
export const INDEXED_TYPES = { Keyword: 2, Int: 3 } as const;

/** A destination whose last complete export is too long ago has this state, in place of `configured`. */
export const STALE = 'stale';

/** Those of a namespace: type by name, in the numbers of the server. */
export async function registeredAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return customAttributes ?? {};
}

export interface Unusable {
  /** Not registered. */
  readonly missing: readonly SearchAttribute[];
  /** Registered with another type. */
  readonly mistyped: readonly SearchAttribute[];
}

/** What keeps attributes from being used. @param registered as `registeredAttributes` answers */
export function unusable(registered: Readonly<Record<string, unknown>>): Unusable {
  const missing = NAMES.filter((name) => registered[name] === undefined);
  const mistyped = NAMES.filter(
    (name) => !missing.includes(name) && registered[name] !== INDEXED_TYPES[SEARCH_ATTRIBUTES[name]],
  );
  return { missing, mistyped };
}

/** What to do; undefined: nothing. */
export function describeUnusable({ missing, mistyped }: Unusable): string | undefined {
  if (missing.length + mistyped.length === 0) return undefined;
  const wrong = mistyped.map((name) => `${name} has to be of type ${SEARCH_ATTRIBUTES[name]}`);
  return [
    ...(missing.length > 0 ? [`The namespace has no search attribute ${missing.join(', ')}.`] : []),
    ...(wrong.length > 0
      ? [`It has others of these names: ${wrong.join(', ')}. Remove or rename them.`]
      : []),
    'Until then, exports run without. Register them: temporal-mailchimp search-attributes register',
  ].join(' ');
}
