import { lazy } from '../lazy';
import { print, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { requireConfig } from '../shell/settings';
import { Interrupted } from '../shell/terminal';
import { openBrowser } from './open-browser';

interface LoginOptions {
  readonly browser: boolean;
  readonly paste?: boolean;
}

/** Also while `dev` runs in the folder: a sign-in is with Mailchimp, and not with its sandbox. */
export async function loginToAccount(
  invocation: Invocation,
  given: string | undefined,
  options: LoginOptions,
): Promise<undefined> {
  const { terminal } = invocation;
  const { config, baseFolder } = await requireConfig(invocation.options);
  const account = given ?? onlyName('account', config.accounts);
  const stop = new AbortController();
  const off = terminal.onStop(() => stop.abort(new Interrupted('Not signed in. Nothing was changed.')));
  try {
    const { login, path } = await lazy.login().login({
      account,
      config,
      baseFolder,
      say: terminal.err,
      open: options.browser ? openBrowser : () => false,
      paste: options.paste ? terminal.ask : undefined,
      signal: stop.signal,
    });
    const { accountId, name, role } = login;
    print(invocation, {
      json: { account, accountId, name, role, token: path },
      text: () =>
        `Signed in to the account ${account}: ${name} (${accountId}), role ${role}.\n` +
        `The token is in ${path}, which only you can read. Exports that were stopped go on with: temporal-mailchimp export resume DESTINATION`,
    });
    return undefined;
  } finally {
    off();
  }
}
