import { Context, log } from '@temporalio/activity';
import { describeUnusable, registeredAttributes, unusable } from '../../contract/search-attributes';
import type { ActivityDependencies } from '../dependencies';

/**
 * Whether workflows may set search attributes: the worker opts in, and the namespace has all of them. The server refuses a workflow task that
 * sets another one, again and again, so this is looked at before. Undefined: the server does not say, so it stays as it was.
 */
export async function maySetAttributes({
  searchAttributes,
}: ActivityDependencies): Promise<boolean | undefined> {
  if (!searchAttributes) return false;
  const { connection, options } = Context.current().client;
  try {
    const registered = await registeredAttributes(connection, options.namespace);
    const problem = describeUnusable(unusable(registered));
    if (problem !== undefined) log.warn(`temporal-mailchimp: SEARCH_ATTRIBUTES_MISSING: ${problem}`);
    return problem === undefined;
  } catch {
    return undefined;
  }
}
