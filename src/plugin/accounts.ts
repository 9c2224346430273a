import { createHash } from 'node:crypto';
import type { AccountConfig, WorkerConfig } from '../config/config';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { SecretResolver } from '../ports/secrets';
import { createLimiter, openAccount, type ConnectionLimiter, type ConnectionOptions } from '../mailchimp';
import type { ActivityDependencies } from '../activities';
import { findEntry } from './find-entry';

/**
 * Opens the accounts of one worker process. The secret is resolved each time, so that a replaced key works at the next attempt.
 *
 * Mailchimp's budget of simultaneous connections is that of a user in a data centre, over all of the user's keys: so there is one
 * limiter for each user, whatever the names of the accounts in the configuration. Mailchimp is asked for the user of a key once per
 * process.
 */
export function createAccounts(
  accounts: WorkerConfig['accounts'],
  secrets: SecretResolver,
): ActivityDependencies['openAccount'] {
  const limiters = new Map<string, ConnectionLimiter>();
  const users = new Map<string, Promise<string>>();

  /** By a digest: keys stay in memory no longer than a request takes. */
  function knownUser(config: AccountConfig, apiKey: string): Promise<string> {
    const digest = createHash('sha256')
      .update(`${config.baseUrl ?? ''} ${apiKey}`)
      .digest('hex');
    const known = users.get(digest);
    if (known) return known;
    const asked = userOf(config, apiKey);
    users.set(digest, asked);
    // A refused key may be accepted later.
    asked.catch(() => users.delete(digest));
    return asked;
  }

  return async (name, guard) => {
    const config = findEntry(accounts, name, 'ACCOUNT_NOT_FOUND');
    const apiKey = await secrets.resolve(config.apiKey);
    const user = await knownUser(config, apiKey);
    const limiter = limiters.get(user) ?? createLimiter({ connections: config.connections });
    limiters.set(user, limiter);
    return connect(config, { apiKey, limiter, guard });
  };
}

async function userOf(config: AccountConfig, apiKey: string): Promise<string> {
  const { accountId, loginId } = await connect(config, {
    apiKey,
    limiter: createLimiter({ connections: 1 }),
  }).login();
  return `${config.baseUrl ?? apiKey.split('-').at(-1)}/${accountId}/${loginId}`;
}

function connect(
  { baseUrl, longestRequestSeconds }: AccountConfig,
  options: Pick<ConnectionOptions, 'apiKey' | 'limiter' | 'guard'>,
): MailchimpAccount {
  return openAccount({
    ...options,
    longestRequestMs: longestRequestSeconds * 1000,
    ...(baseUrl !== undefined && { baseUrl }),
  });
}
