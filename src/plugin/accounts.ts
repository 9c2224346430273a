import { createHash } from 'node:crypto';
import type { AccountConfig, WorkerConfig } from '../config/config';
import type { AccountInfo, MailchimpAccount } from '../ports/mailchimp';
import type { SecretResolver } from '../ports/secrets';
import {
  createLimiter,
  openAccount,
  type ConnectionLimiter,
  type ConnectionOptions,
  type RequestObserver,
} from '../mailchimp';
import type { ActivityDependencies } from '../activities';
import { findEntry } from './find-entry';

export interface Accounts {
  readonly open: ActivityDependencies['openAccount'];
  /** Asks Mailchimp for the user of the account's key, once per process and key. @throws ExportError as `open` */
  readonly signIn: (name: string) => Promise<AccountInfo>;
}

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
  observe: (account: string) => RequestObserver | undefined = () => undefined,
): Accounts {
  const limiters = new Map<string, ConnectionLimiter>();
  const logins = new Map<string, Promise<AccountInfo>>();

  /** By a digest: keys stay in memory no longer than a request takes. */
  function knownLogin(config: AccountConfig, apiKey: string): Promise<AccountInfo> {
    const digest = createHash('sha256')
      .update(`${config.baseUrl ?? ''} ${apiKey}`)
      .digest('hex');
    const known = logins.get(digest);
    if (known) return known;
    const asked = connect(config, { apiKey, limiter: createLimiter({ connections: 1 }) }).login();
    logins.set(digest, asked);
    // A refused key may be accepted later.
    asked.catch(() => logins.delete(digest));
    return asked;
  }

  async function signIn(name: string) {
    const config = findEntry(accounts, name, { code: 'ACCOUNT_NOT_FOUND', reader: 'worker' });
    const apiKey = await secrets.resolve(config.apiKey);
    return { config, apiKey, login: await knownLogin(config, apiKey) };
  }

  return {
    signIn: async (name) => (await signIn(name)).login,
    open: async (name, guard, signal) => {
      const { config, apiKey, login } = await signIn(name);
      const user = `${config.baseUrl ?? apiKey.split('-').at(-1)}/${login.accountId}/${login.loginId}`;
      const limiter = limiters.get(user) ?? createLimiter({ connections: config.connections });
      limiters.set(user, limiter);
      return connect(config, { apiKey, limiter, guard, signal, observer: observe(name) });
    },
  };
}

function connect(
  { baseUrl, longestRequestSeconds }: AccountConfig,
  options: Pick<ConnectionOptions, 'apiKey' | 'limiter' | 'guard' | 'observer' | 'signal'>,
): MailchimpAccount {
  return openAccount({
    ...options,
    longestRequestMs: longestRequestSeconds * 1000,
    ...(baseUrl !== undefined && { baseUrl }),
  });
}
