import { deleteToken, tokenPath } from '../../config/token-file';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';
import { print, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { requireConfig } from '../shell/settings';

/** Repeated, it finds nothing to delete, which is no error. */
export async function logoutOfAccount(invocation: Invocation, given: string | undefined): Promise<undefined> {
  const { config, baseFolder } = await requireConfig(invocation.options);
  const account = given ?? onlyName('account', config.accounts);
  const { oauth } = lazy.accounts().accountOf(config, account);
  if (!oauth) {
    throw new ExportError(
      'CONFIG_INVALID',
      `The account ${account} uses an API key, so there is no sign-in to end. To end its access, delete the key in Mailchimp > Profile > Extras > API keys.`,
    );
  }
  const path = tokenPath(oauth.token, baseFolder);
  const isDeleted = await deleteToken(path);
  print(invocation, {
    json: { account, isDeleted, token: path },
    text: () =>
      isDeleted
        ? describeEnd(account, path)
        : `The account ${account} is not signed in: ${path} is not there.`,
  });
  return undefined;
}

function describeEnd(account: string, path: string): string {
  return (
    `Signed out of the account ${account}: ${path} was deleted.\n` +
    'Mailchimp keeps the connection of the app until you remove it: Account & billing > Integrations.\n' +
    `Exports of the account stop at their next step. To let them go on: temporal-mailchimp account login ${account}`
  );
}
