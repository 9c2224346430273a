import { ExportError, type ExportErrorCode } from '../../errors';
import type { MailchimpAccount } from '../../ports/mailchimp';
import { lazy } from '../lazy';
import type { Credential, Setup } from './setup';

/** The account cannot be used as it is, so its user has to sign in. */
const NOT_SIGNED_IN = new Set<ExportErrorCode>([
  'ACCOUNT_NOT_FOUND',
  'SECRET_UNAVAILABLE',
  'KEY_INVALID',
  'KEY_REVOKED',
]);

/**
 * Opens the account with what was given for it, otherwise as the file says. Beside a running `dev`, its sandbox is in the place of every account.
 * @throws ExportError as `openConfiguredAccount`
 */
export async function openAccount(
  { accounts, isDev, file }: Setup,
  { account: name, credential }: { readonly account: string; readonly credential: Credential | undefined },
): Promise<MailchimpAccount> {
  const { openConfiguredAccount, openAccountWithKey, readKey } = lazy.accounts();
  const { baseFolder } = file;
  const [sandbox] = Object.values(accounts);
  if (isDev && sandbox) return openConfiguredAccount({ accounts: { [name]: sandbox } }, { name, baseFolder });
  if (!credential) return openConfiguredAccount({ accounts }, { name, baseFolder });
  const apiKey = credential.typed ?? (await readKey(credential.reference, baseFolder));
  return openAccountWithKey({ accounts }, { name, apiKey });
}

export function isNotSignedIn(error: unknown): error is ExportError {
  return error instanceof ExportError && NOT_SIGNED_IN.has(error.code);
}
