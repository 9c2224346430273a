import type { WorkerConfig } from '../config/config';
import { secretResolver } from '../config/secrets';
import type { MailchimpAccount } from '../ports/mailchimp';
import { createAccounts } from './accounts';
import { findEntry } from './find-entry';

export { requireWritingRole } from '../activities/rules/writing-role';

/**
 * Opens an account of the configuration, for a command beside a worker.
 * @throws ExportError ACCOUNT_NOT_FOUND, SECRET_UNAVAILABLE, KEY_INVALID, MAILCHIMP_UNAVAILABLE
 */
export function openConfiguredAccount(
  { accounts }: Pick<WorkerConfig, 'accounts'>,
  { name, baseFolder }: { readonly name: string; readonly baseFolder: string },
): Promise<MailchimpAccount> {
  findEntry(accounts, name, { code: 'ACCOUNT_NOT_FOUND', reader: 'command' });
  return createAccounts(accounts, secretResolver(baseFolder, 'this environment')).open(name);
}
