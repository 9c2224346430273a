import { z } from 'zod';
import type { Group } from '../ports/mailchimp';
import { PAGE } from './audiences';
import type { Connection } from './connection';

const CategoriesSchema = z.object({ categories: z.array(z.object({ id: z.string(), title: z.string() })) });
const InterestsSchema = z.object({ interests: z.array(z.object({ id: z.string(), name: z.string() })) });

/** An audience has at most 60 of them, so each list is one page. */
export async function groups(connection: Connection, audienceId: string): Promise<readonly Group[]> {
  const { categories } = await connection.send({
    what: "read the audience's categories of groups",
    method: 'GET',
    route: '/lists/{list_id}/interest-categories',
    params: { list_id: audienceId },
    query: { count: PAGE, fields: 'categories.id,categories.title' },
    reply: CategoriesSchema,
  });
  const found: Group[] = [];
  for (const { id, title } of categories) {
    const { interests } = await connection.send({
      what: "read the audience's groups",
      method: 'GET',
      route: '/lists/{list_id}/interest-categories/{interest_category_id}/interests',
      params: { list_id: audienceId, interest_category_id: id },
      query: { count: PAGE, fields: 'interests.id,interests.name' },
      reply: InterestsSchema,
    });
    found.push(...interests.map((interest) => ({ id: interest.id, name: `${title}/${interest.name}` })));
  }
  return found;
}
