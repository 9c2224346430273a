import { ExportError } from '../errors';
import { whyNotCovered, type Audience, type Consent, type ConnectRequest } from '../contract/destination';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { describeSource } from './rules/describe-source';
import { requireWritingRole } from './rules/writing-role';

export interface CheckConnectionInput {
  readonly destinationId: string;
  readonly request: Omit<ConnectRequest, 'consent' | 'labels'>;
  /** Account id of an earlier connect, which a new key must belong to; null for the first connect. */
  readonly accountId: string | null;
  /** To be recorded in the store; null: the recorded one stays. */
  readonly consent: Readonly<Record<string, string>> | null;
  /** Neither the request nor the destination has one: the one that the store has recorded must cover the settings. */
  readonly adoptsConsent?: boolean;
}

export interface CheckedConnection {
  readonly accountId: string;
  readonly audience: Audience;
  readonly storeId: string;
  readonly workerTimeoutSeconds: number;
  /** Baseline of an earlier destination of this name that was adopted; null: none. */
  readonly baseline: { readonly exportId: string; readonly size: number } | null;
  /** The consent that was adopted. */
  readonly consent?: Consent;
}

/**
 * Checks a connection against the account, the audience and the source, then reserves the audience and records the consent. Changes nothing
 * in Mailchimp. A retry repeats the checks, and can record the consent twice, with the same time.
 * @throws ExportError CONSENT_REQUIRED, KEY_INVALID, ROLE_TOO_LOW, ACCOUNT_MISMATCH, AUDIENCE_NOT_FOUND, AUDIENCE_IN_USE, AUDIENCE_MISMATCH, BASELINE_EXISTS
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
        `Could not connect ${destinationId}: the staging store ${staging.storeId} contains the baseline of an earlier destination of this ` +
          `name (${baseline.size} contacts). Connect with --adopt to continue from it, or choose another name.`,
      );
    }
    const consent = input.adoptsConsent ? await adoptConsent(staging, input) : undefined;
    await staging.reserveAudience(destinationId, { accountId, audienceId: audience.id });
    if (input.consent) await staging.recordConsent(destinationId, input.consent);
    return {
      accountId,
      audience: { id: audience.id, name: audience.name, doubleOptin: audience.doubleOptin },
      storeId: staging.storeId,
      workerTimeoutSeconds,
      baseline: request.adopt && baseline ? baseline : null,
      ...(consent && { consent }),
    };
  };
}

/** @throws ExportError CONSENT_REQUIRED */
async function adoptConsent(
  staging: ActivityDependencies['staging'],
  { destinationId, request }: CheckConnectionInput,
): Promise<Consent> {
  const recorded = await staging.lastConsent(destinationId);
  const { event, by = '', at = '', textVersion = '', source = '', statusIfNew = '' } = recorded ?? {};
  const consent = event === 'agreed' ? { agreedBy: by, agreedAt: at, textVersion } : null;
  const why = whyNotCovered({ consent, source, statusIfNew }, request);
  if (consent && why === undefined) return consent;
  throw new ExportError(
    'CONSENT_REQUIRED',
    `The destination was not connected: ${why}. Read the statement, then connect with --agree.`,
  );
}

async function checkLogin(account: MailchimpAccount, { request, accountId }: CheckConnectionInput) {
  const login = await account.login();
  requireWritingRole(request.account, login.role);
  if (accountId !== null && accountId !== login.accountId) {
    throw new ExportError(
      'ACCOUNT_MISMATCH',
      `The key of account ${request.account} does not belong to the Mailchimp account that this destination was connected to. ` +
        'Use a key of the same account, or connect another destination.',
    );
  }
  return login;
}
