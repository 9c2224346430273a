import type { Sandbox } from '../../src/sandbox';

/** A request that another user of Mailchimp makes. Path after `/3.0`. */
export async function callMailchimp(
  { url, apiKey }: Sandbox,
  request: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const reply = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`test:${apiKey}`).toString('base64')}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${request} was answered ${reply.status}: ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** Mailchimp's id of a tag. */
export async function tagIdOf(sandbox: Sandbox, audienceId: string, name: string): Promise<number> {
  const { tags } = await callMailchimp(sandbox, `GET /lists/${audienceId}/tag-search`);
  const found = (tags as { id: number; name: string }[]).find((tag) => tag.name === name);
  if (!found) throw new Error(`The audience has no tag ${name}`);
  return found.id;
}

/** How many POST requests a route got, without those of batches. Route as `/lists/{list_id}`. */
export function postsTo(sandbox: Sandbox, route: string): number {
  const posts = sandbox
    .requests()
    .filter((request) => request.method === 'POST' && request.route === route && request.via === 'http');
  return posts.reduce((sum, { count }) => sum + count, 0);
}
