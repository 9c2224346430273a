import { AccountSchema, type AccountConfig, type WorkerConfig } from '../config/config';
import { resolveSecret, secretResolver } from '../config/secrets';
import type { AccountInfo, MailchimpAccount } from '../ports/mailchimp';
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
  return createAccounts(withOneConnection(accounts), secretResolver(baseFolder, 'this environment')).open(
    name,
  );
}

/** Beside the budget of the workers, which leaves some of the ten to commands and other tools. */
function withOneConnection(accounts: WorkerConfig['accounts']): WorkerConfig['accounts'] {
  return Object.fromEntries(
    Object.entries(accounts).map(([name, account]) => [name, { ...account, connections: 1 }]),
  );
}

/**
 * Asks Mailchimp for the user of an account, and names the workflow that divides the user's connections among the workers of a task queue.
 * @throws ExportError as `openConfiguredAccount`
 */
export function accountWorkflowOf(
  { accounts }: Pick<WorkerConfig, 'accounts'>,
  {
    name,
    baseFolder,
    taskQueue,
  }: { readonly name: string; readonly baseFolder: string; readonly taskQueue: string },
): Promise<string> {
  findEntry(accounts, name, { code: 'ACCOUNT_NOT_FOUND', reader: 'command' });
  return createAccounts(accounts, secretResolver(baseFolder, 'this environment')).workflowOf(name, taskQueue);
}

/**
 * Whose token it is, before it is written anywhere.
 * @throws ExportError KEY_REVOKED, MAILCHIMP_UNAVAILABLE
 */
export function ownerOfToken(
  { accounts }: Pick<WorkerConfig, 'accounts'>,
  { name, token }: { readonly name: string; readonly token: string },
): Promise<AccountInfo> {
  return createAccounts(accounts, { resolve: async () => token }).signIn(name);
}

/** @throws ExportError ACCOUNT_NOT_FOUND, with the names that exist */
export function accountOf({ accounts }: Pick<WorkerConfig, 'accounts'>, name: string): AccountConfig {
  return findEntry(accounts, name, { code: 'ACCOUNT_NOT_FOUND', reader: 'command' });
}

/**
 * Opens an account with a key that is kept nowhere yet.
 * @throws ExportError KEY_INVALID, MAILCHIMP_UNAVAILABLE
 */
export function openAccountWithKey(
  { accounts }: Pick<WorkerConfig, 'accounts'>,
  { name, apiKey }: { readonly name: string; readonly apiKey: string },
): Promise<MailchimpAccount> {
  // The reference does not matter, since the resolver knows one secret only.
  const { oauth: _, ...known } = Object.hasOwn(accounts, name) ? accounts[name]! : {};
  const account = AccountSchema.parse({ ...known, apiKey: 'env:KEY', connections: 1 });
  return createAccounts({ [name]: account }, { resolve: async () => apiKey }).open(name);
}

/** @throws ExportError SECRET_UNAVAILABLE */
export function readKey(reference: string, baseFolder: string): Promise<string> {
  return resolveSecret(reference, baseFolder);
}
