import { ExportError } from '../errors';
import { whyNotCovered, type Audience, type Consent, type ConnectRequest } from '../contract/destination';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { describeSource } from './rules/describe-source';
import { maySetAttributes } from './rules/search-attributes';
import { requireWritingRole } from './rules/writing-role';

export interface CheckConnectionInput {
  readonly destinationId: string;
  readonly request: Omit<ConnectRequest, 'consent' | 'labels'>;
  /** Account id of an earlier connect, which a new key must belong to; null for the first connect. */
  readonly accountId: string | null;
  /** To be recorded in the store; null: the recorded one stays. */
  readonly consent: Readonly<Record<string, string>> | null;
  /** It was connected with this status before consent had to be proven, and stays so. Undefined: `consentProof` is required where it is due. */
  readonly isProvenBefore?: boolean;
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
  /** Whether the destination may set search attributes. Undefined: as before. */
  readonly searchAttributes?: boolean;
}

/**
 * Checks a connection against the account, the audience and the source, then reserves the audience and records the consent. Changes nothing
 * in Mailchimp. A retry repeats the checks, and can record the consent twice, with the same time.
 * @throws ExportError CONSENT_REQUIRED, KEY_INVALID, ROLE_TOO_LOW, ACCOUNT_MISMATCH, AUDIENCE_NOT_FOUND, AUDIENCE_IN_USE, AUDIENCE_MISMATCH, BASELINE_EXISTS, CONSENT_PROOF_REQUIRED
 */
export function createCheckConnection(dependencies: ActivityDependencies) {
  const { staging, workerTimeoutSeconds, openAccount, openSource } = dependencies;
  return async function checkConnection(input: CheckConnectionInput): Promise<CheckedConnection> {
    const { destinationId, request } = input;
    const account = await openAccount(request.account, { work: { destinationId } });
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
    const adopted = input.adoptsConsent ? await adoptConsent(staging, input) : undefined;
    const proof = request.consentProof ?? adopted?.consent.proof;
    if (!input.isProvenBefore) requireProof(audience, request, proof);
    const proven = proof === undefined ? {} : { proof };
    const consent = adopted && { ...adopted.consent, ...proven };
    await staging.reserveAudience(destinationId, { accountId, audienceId: audience.id });
    const statement = input.consent ?? (adopted && { ...adopted.recorded, ...proven });
    if (statement) await staging.recordConsent(destinationId, statement);
    const searchAttributes = await maySetAttributes(dependencies);
    return {
      accountId,
      audience: {
        id: audience.id,
        name: audience.name,
        doubleOptin: audience.doubleOptin,
        ...(audience.marketingPermissions && { marketingPermissions: true }),
      },
      storeId: staging.storeId,
      workerTimeoutSeconds,
      baseline: request.adopt && baseline ? baseline : null,
      ...(consent && { consent }),
      ...(searchAttributes !== undefined && { searchAttributes }),
    };
  };
}

/**
 * "subscribed" skips the confirmation mail that the audience's own forms send.
 * @throws ExportError CONSENT_PROOF_REQUIRED
 */
function requireProof(
  { name, doubleOptin }: Pick<Audience, 'name' | 'doubleOptin'>,
  { statusIfNew }: CheckConnectionInput['request'],
  proof: string | undefined,
): void {
  if (!doubleOptin || statusIfNew !== 'subscribed' || proof !== undefined) return;
  throw new ExportError(
    'CONSENT_PROOF_REQUIRED',
    `The destination was not connected: the audience "${name}" has double opt-in, and status if new "subscribed" would add people who have not confirmed. ` +
      'Connect with "pending", so that Mailchimp asks each new contact to confirm; or say in a sentence where they have proven their consent, ' +
      'with consentProof in the configuration file, or --consent-proof.',
  );
}

/** @throws ExportError CONSENT_REQUIRED */
async function adoptConsent(
  staging: ActivityDependencies['staging'],
  { destinationId, request }: CheckConnectionInput,
): Promise<{ readonly consent: Consent; readonly recorded: Readonly<Record<string, string>> }> {
  const recorded = await staging.lastConsent(destinationId);
  const { event, by = '', at = '', textVersion = '', source = '', statusIfNew = '', proof } = recorded ?? {};
  const agreed = { agreedBy: by, agreedAt: at, textVersion, ...(proof !== undefined && { proof }) };
  const consent = event === 'agreed' ? agreed : null;
  const why = whyNotCovered({ consent, source, statusIfNew }, request);
  if (recorded && consent && why === undefined) return { consent, recorded };
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
