import type { MailchimpAccount } from '../../../ports/mailchimp';
import { WITHOUT_PERMISSIONS } from '../../../text/consent-facts';
import { lazy } from '../../lazy';
import { openBrowser } from '../../account/open-browser';
import { isNotSignedIn, openAccount } from '../open-account';
import { answered, inFile, type Credential, type Draft, type Setup, type Step } from '../setup';
import { authenticateWith } from '../sign-in';

export const authenticate: Step = {
  title: 'Connect',
  missing: (setup) => {
    const { options, file } = setup;
    const account = options.account ?? inFile(setup, setup.destinationId)?.connect.account;
    const { accounts } = file.config;
    const isKnown =
      account === undefined ? Object.keys(accounts).length > 0 : Object.hasOwn(accounts, account);
    return isKnown || options.apiKey !== undefined ? [] : ['--api-key <reference>'];
  },
  answer: async (setup, draft) => {
    const account = answered(draft, 'account');
    const { mailchimp, credential } = await signIn(setup, draft, account);
    const { role, name: accountName } = await mailchimp.login();
    lazy.accounts().requireWritingRole(account, role);
    const audienceId = answered(draft, 'audienceId');
    const found = await mailchimp.audience(audienceId);
    const mergeFields = await mailchimp.mergeFields(audienceId);
    setup.invocation.terminal.err(
      `Connected to ${accountName} as ${role}: audience ${found.name} (${found.id}).`,
    );
    if (found.marketingPermissions) setup.invocation.terminal.err(`Warning: ${WITHOUT_PERMISSIONS.message}`);
    const signedIn = { mailchimp, accountName, audience: found, mergeFields };
    return { ...draft, ...signedIn, ...(credential && { credential }) };
  },
  summary: (draft) => {
    const { name, doubleOptin } = answered(draft, 'audience');
    return [
      ['Account', `${answered(draft, 'account')} (${answered(draft, 'accountName')})`],
      ['Audience', `${name}${doubleOptin ? ', with double opt-in' : ''}`],
    ];
  },
};

interface SignedIn {
  readonly mailchimp: MailchimpAccount;
  readonly credential: Credential | undefined;
}

/** With what is there already; where that does not do, a user signs in. */
async function signIn(setup: Setup, { credential }: Draft, account: string): Promise<SignedIn> {
  try {
    return { mailchimp: await openAccount(setup, { account, credential }), credential };
  } catch (error) {
    if (!setup.prompts || !isNotSignedIn(error)) throw error;
    setup.invocation.terminal.err(`\n${error.message}`);
    if (setup.file.config.accounts[account]?.oauth) {
      await signInByBrowser(setup, account);
      return {
        mailchimp: await openAccount(setup, { account, credential: undefined }),
        credential: undefined,
      };
    }
    const fresh = await authenticateWith(setup, account, setup.prompts);
    return { mailchimp: await openAccount(setup, { account, credential: fresh }), credential: fresh };
  }
}

/** Writes the token to the file of `oauth.token`, before Save: to sign in is a step of its own, with its own command. */
async function signInByBrowser({ file, invocation }: Setup, account: string): Promise<void> {
  const { login } = lazy.login();
  const { config, baseFolder } = file;
  await login({
    account,
    config,
    baseFolder,
    say: (text) => invocation.terminal.err(text),
    open: openBrowser,
  });
}
