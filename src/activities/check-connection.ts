import { ExportError } from '../errors';
import type { Audience, ConnectRequest } from '../contract/destination';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { describeSource } from './rules/describe-source';

/** Roles that may write members. Mailchimp: viewers and authors may not. */
const WRITING_ROLES = new Set(['owner', 'admin', 'manager']);

export interface CheckConnectionInput {
  readonly destinationId: string;
  readonly request: Omit<ConnectRequest, 'consent'>;
  /** Account id of an earlier connect: a new key must show the same account. */
  readonly accountId: string | null;
  readonly consent: Readonly<Record<string, string>>;
}

export interface CheckedConnection {
  readonly accountId: string;
  readonly audience: Audience;
  readonly storeId: string;
  readonly workerTimeoutSeconds: number;
  /** Set when a baseline of an earlier life of this destination was adopted. */
  readonly baseline: { readonly exportId: string; readonly size: number } | null;
}

/**
 * Checks a connection against the real account, audience and source, then records the consent and reserves the audience.
 * Changes nothing at Mailchimp. A retry repeats the checks; the consent may then be recorded twice, with the same time.
 */
export function createCheckConnection(dependencies: ActivityDependencies) {
  const { staging, workerTimeoutSeconds, openAccount, openSource } = dependencies;
  return async function checkConnection(input: CheckConnectionInput): Promise<CheckedConnection> {
    const { destinationId, request } = input;
    const account = await openAccount(request.account);
    const { accountId } = await checkLogin(account, input);
    const audience = await account.audience(request.audienceId);
    await describeSource(openSource, request.source);

    const baseline = await staging.latestBaseline(destinationId);
    if (baseline && input.accountId === null && !request.adopt) {
      throw new ExportError(
        'BASELINE_EXISTS',
        `Could not connect ${destinationId}: the staging store ${staging.storeId} holds the baseline of an earlier destination of this ` +
          `name (${baseline.size} people). Connect with --adopt to go on from it, or choose another name.`,
      );
    }
    await staging.reserveAudience(destinationId, { accountId, audienceId: audience.id });
    await staging.recordConsent(destinationId, input.consent);
    return {
      accountId,
      audience: { id: audience.id, name: audience.name, doubleOptin: audience.doubleOptin },
      storeId: staging.storeId,
      workerTimeoutSeconds,
      baseline: request.adopt && baseline ? baseline : null,
    };
  };
}

async function checkLogin(account: MailchimpAccount, { request, accountId }: CheckConnectionInput) {
  const login = await account.login();
  if (!WRITING_ROLES.has(login.role)) {
    throw new ExportError(
      'ROLE_TOO_LOW',
      `The key of account ${request.account} has the role "${login.role}" in Mailchimp, which may not write contacts. Use the key of a ` +
        'manager, an admin or the owner.',
    );
  }
  if (accountId !== null && accountId !== login.accountId) {
    throw new ExportError(
      'ACCOUNT_DIFFERS',
      `The key of account ${request.account} belongs to another Mailchimp account than the one this destination was connected to. ` +
        'Use a key of the same account, or connect another destination.',
    );
  }
  return login;
}
