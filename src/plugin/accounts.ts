import { createHash } from 'node:crypto';
import type { AccountConfig, WorkerConfig } from '../config/config';
import { credentialOf } from '../config/account-credential';
import { notSignedIn } from '../config/not-signed-in';
import { ExportError } from '../errors';
import type { AccountInfo, MailchimpAccount } from '../ports/mailchimp';
import type { ConnectionBudget } from '../ports/connection-budget';
import type { SecretResolver } from '../ports/secrets';
import {
  createLimiter,
  openAccount,
  type ConnectionLimiter,
  type ConnectionOptions,
  type RequestObserver,
} from '../mailchimp';
import type { ActivityDependencies } from '../activities';
import { accountWorkflowOf } from './account-user';
import { findEntry } from './find-entry';

export interface Accounts {
  readonly open: ActivityDependencies['openAccount'];
  /** Asks Mailchimp for the user of the account's key, once per process and key. @throws ExportError as `open` */
  readonly signIn: (name: string) => Promise<AccountInfo>;
  /** Id of the workflow that divides the connections of the account's user among the workers of a task queue. @throws ExportError as `open` */
  readonly workflowOf: (name: string, taskQueue: string) => Promise<string>;
  /** Gives back what is held of budgets. */
  readonly close: () => Promise<void>;
}

/** The user of an account. A budget is that of a user. */
export interface UserOfAccount {
  /** Name of the account in the configuration. */
  readonly account: string;
  readonly workflowOf: (taskQueue: string) => string;
}

export interface AccountsOptions {
  readonly observe?: (account: string) => RequestObserver | undefined;
  /** Undefined: this process has the connections that the configuration says, by itself. @default always */
  readonly budgetOf?: (user: UserOfAccount) => ConnectionBudget | undefined;
}

/**
 * Opens the accounts of one worker process. The secret is resolved each time, so that a replaced key works at the next attempt.
 *
 * Mailchimp's budget of simultaneous connections is that of a user in a data centre, over all of the user's keys: so there is one
 * limiter for each user, whatever the names of the accounts in the configuration. In a worker, the limiter has what it holds of the budget
 * that all worker processes of the user share. Mailchimp is asked for the user of a key once per process.
 */
export function createAccounts(
  accounts: WorkerConfig['accounts'],
  secrets: SecretResolver,
  { observe = () => undefined, budgetOf = () => undefined }: AccountsOptions = {},
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

  function limiterOf(account: string, { config, secret, login }: Awaited<ReturnType<typeof signIn>>) {
    const { baseUrl, connections } = config;
    const workflowOf = (taskQueue: string) =>
      accountWorkflowOf({ apiKey: secret.apiKey, baseUrl, login }, taskQueue);
    const user = workflowOf('');
    const known = limiters.get(user);
    if (known) return known;
    const limiter = createLimiter({ connections, budget: budgetOf({ account, workflowOf }) });
    limiters.set(user, limiter);
    return limiter;
  }

  return {
    signIn: async (name) => (await signIn(name)).login,
    workflowOf: async (name, taskQueue) => {
      const { config, secret, login } = await signIn(name);
      return accountWorkflowOf({ apiKey: secret.apiKey, baseUrl: config.baseUrl, login }, taskQueue);
    },
    open: async (name, use = {}) => {
      const signedIn = await signIn(name);
      const { config, secret } = signedIn;
      const limiter = limiterOf(name, signedIn);
      return connect(config, { ...secret, ...use, limiter, observer: observe(name) });
    },
    close: async () => {
      await Promise.all([...limiters.values()].map((limiter) => limiter.close()));
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
  options: Pick<
    ConnectionOptions,
    'apiKey' | 'signedInTo' | 'limiter' | 'guard' | 'observer' | 'signal' | 'work'
  >,
): MailchimpAccount {
  return openAccount({
    ...options,
    longestRequestMs: longestRequestSeconds * 1000,
    ...(baseUrl !== undefined && { baseUrl }),
  });
}
