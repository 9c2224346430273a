import { createHash } from 'node:crypto';
import type { AccountConfig, WorkerConfig } from '../config/config';
import { credentialOf } from '../config/account-credential';
import { notSignedIn } from '../config/not-signed-in';
import { ExportError } from '../errors';
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
  function knownLogin(config: AccountConfig, secret: Secret): Promise<AccountInfo> {
    const { apiKey, signedInTo = '' } = secret;
    const digest = createHash('sha256')
      .update(`${config.baseUrl ?? ''} ${signedInTo} ${apiKey}`)
      .digest('hex');
    const known = logins.get(digest);
    if (known) return known;
    const asked = connect(config, { ...secret, limiter: createLimiter({ connections: 1 }) }).login();
    logins.set(digest, asked);
    // A refused key may be accepted later.
    asked.catch(() => logins.delete(digest));
    return asked;
  }

  async function signIn(name: string) {
    const config = findEntry(accounts, name, { code: 'ACCOUNT_NOT_FOUND', reader: 'worker' });
    const secret = await resolveCredential(name, config, secrets);
    return { config, secret, login: await knownLogin(config, secret) };
  }

  return {
    signIn: async (name) => (await signIn(name)).login,
    open: async (name, guard, signal) => {
      const { config, secret, login } = await signIn(name);
      const user = `${config.baseUrl ?? secret.apiKey.split('-').at(-1)}/${login.accountId}/${login.loginId}`;
      const limiter = limiters.get(user) ?? createLimiter({ connections: config.connections });
      limiters.set(user, limiter);
      return connect(config, { ...secret, limiter, guard, signal, observer: observe(name) });
    },
  };
}

type Secret = Pick<ConnectionOptions, 'apiKey' | 'signedInTo'>;

/** @throws ExportError SECRET_UNAVAILABLE, with the command that signs in where there is no token */
async function resolveCredential(
  name: string,
  config: AccountConfig,
  secrets: SecretResolver,
): Promise<Secret> {
  const { kind, reference } = credentialOf(config);
  if (kind === 'apiKey') return { apiKey: await secrets.resolve(reference) };
  try {
    return { apiKey: await secrets.resolve(reference), signedInTo: name };
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'SECRET_UNAVAILABLE') throw error;
    throw notSignedIn(name, error.message);
  }
}

function connect(
  { baseUrl, longestRequestSeconds }: AccountConfig,
  options: Pick<ConnectionOptions, 'apiKey' | 'signedInTo' | 'limiter' | 'guard' | 'observer' | 'signal'>,
): MailchimpAccount {
  return openAccount({
    ...options,
    longestRequestMs: longestRequestSeconds * 1000,
    ...(baseUrl !== undefined && { baseUrl }),
  });
}
