import type { DestinationView } from '../../contract/destination-view';
import { ExportError } from '../../errors';
import type { MailchimpAccount } from '../../ports/mailchimp';
import { lazy } from '../lazy';
import type { Invocation } from './invocation';
import { addressOfDev, usesDev, withAccountsOfDev } from './running-dev';
import { requireSettings } from './settings';

/**
 * Opens the account of a destination as its worker has it: of a destination of the `dev` that runs in the folder of the configuration file, its sandbox. The
 * contacts of a sandbox must not be looked for, or archived, at Mailchimp.
 * @throws ExportError as `openConfiguredAccount`; ACCOUNT_MISMATCH where the key is of another account than the destination
 */
export async function openAccountOf(
  { options, terminal }: Invocation,
  { account: name, accountId }: Pick<DestinationView, 'account' | 'accountId'>,
): Promise<MailchimpAccount> {
  const settings = await requireSettings(options);
  const address = (await addressOfDev(settings)) ?? settings.temporal.address;
  const isDev = await usesDev({ ...settings, temporal: { ...settings.temporal, address } });
  const { config, baseFolder } = isDev ? await withAccountsOfDev(settings, terminal) : settings;
  const account = await lazy.accounts().openConfiguredAccount(config, { name, baseFolder });
  if ((await account.login()).accountId === accountId) return account;
  throw new ExportError(
    'ACCOUNT_MISMATCH',
    `The key of account ${name} in this configuration file belongs to another Mailchimp account than the destination. Use the configuration file and the environment of its worker.`,
  );
}
