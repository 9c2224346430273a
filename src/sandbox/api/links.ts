import type { Exchange } from './call';

export interface Link {
  readonly rel: string;
  readonly href: string;
  readonly method: string;
  readonly targetSchema?: string;
  readonly schema?: string;
}

const host = (dc: string): string => `https://${dc}.api.mailchimp.com`;

/** The `_links` of a resource, as Mailchimp writes them. `definition` such as `Lists/Members`. */
export function resourceLinks(dc: string, path: string, definition: string): Link[] {
  const base = host(dc);
  const parent = path.slice(0, path.lastIndexOf('/'));
  return [
    {
      rel: 'self',
      href: `${base}/3.0${path}`,
      method: 'GET',
      targetSchema: `${base}/schema/3.0/Definitions/${definition}/Response.json`,
    },
    {
      rel: 'parent',
      href: `${base}/3.0${parent}`,
      method: 'GET',
      targetSchema: `${base}/schema/3.0/Definitions/${definition}/CollectionResponse.json`,
      schema: `${base}/schema/3.0/Paths/${definition}/Collection.json`,
    },
  ];
}

/** The `_links` of a list, where replies are full. */
export function collectionLinks(
  { world, account }: Exchange,
  path: string,
  definition: string,
): { readonly _links?: Link[] } {
  return world.settings.replies === 'full' ? { _links: resourceLinks(account.dc, path, definition) } : {};
}

/** The twelve links of a member, which are most of the bytes of a reply. */
export function memberLinks(dc: string, listId: string, key: string): Link[] {
  const base = host(dc);
  const list = `${base}/3.0/lists/${listId}`;
  const member = `${list}/members/${key}`;
  const definitions = `${base}/schema/3.0/Definitions/Lists/Members`;
  const link = (rel: string, method: string, target: string): Link => ({
    rel,
    href: member,
    method,
    targetSchema: `${definitions}/${target}`,
  });
  const below = (rel: string, path: string, target: string): Link => ({
    rel,
    href: `${member}/${path}`,
    method: 'GET',
    targetSchema: `${definitions}/${target}/Response.json`,
  });
  return [
    link('self', 'GET', 'Response.json'),
    {
      rel: 'parent',
      href: `${list}/members`,
      method: 'GET',
      targetSchema: `${definitions}/CollectionResponse.json`,
      schema: `${base}/schema/3.0/Paths/Lists/Members/Collection.json`,
    },
    { ...link('update', 'PATCH', 'Response.json'), schema: `${definitions}/PATCH.json` },
    { ...link('upsert', 'PUT', 'Response.json'), schema: `${definitions}/PUT.json` },
    { rel: 'delete', href: member, method: 'DELETE' },
    below('activity', 'activity', 'Activity'),
    below('goals', 'goals', 'Goals'),
    below('notes', 'notes', 'Notes'),
    below('events', 'events', 'Events'),
    { rel: 'delete_permanent', href: `${member}/actions/delete-permanent`, method: 'POST' },
  ];
}
