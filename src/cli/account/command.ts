import { Command } from 'commander';
import { credentialOf, type AccountCredential } from '../../config/account-credential';
import { requirePrivateToken } from '../../config/token-file';
import type { MergeField } from '../../contract/merge-field';
import { ExportError } from '../../errors';
import type { AccountInfo, AudienceInfo, AudienceSummary } from '../../ports/mailchimp';
import { count } from '../../text/format';
import { lazy } from '../lazy';
import { EXIT_REFUSED } from '../shell/failure';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { examples, personName } from '../shell/options';
import { withAccountsOfDev } from '../shell/running-dev';
import { requireConfig } from '../shell/settings';
import type { Page } from '../text/page';
import { connectionsCount, paceAccount, showBudget } from './budget';
import { loginToAccount } from './login-command';
import { logoutOfAccount } from './logout-command';
import { pairs, table } from '../text/table';

interface Options {
  readonly audience?: string;
}

interface Checked {
  readonly credential: AccountCredential;
  readonly login: AccountInfo;
  readonly audiences: readonly AudienceSummary[];
  /** Of `--audience`. */
  readonly chosen?: { readonly audience: AudienceInfo; readonly mergeFields: readonly MergeField[] };
}

export function accountCommand(cli: Cli): Command {
  return new Command('account')
    .description('Inspect a Mailchimp account of the configuration file, change its pace, or sign in to it')
    .addCommand(
      new Command('check')
        .summary('Show what the key of an account may do, and its audiences')
        .description(
          "Ask Mailchimp for the role of the key's user and for the account's audiences, from this machine and without Temporal. " +
            'Only reads. Exit code 1 when the key is refused or may not write contacts.',
        )
        .argument('[account]', 'name of the account; optional when the configuration file has only one')
        .option('--audience <id>', 'also show the merge fields and the double opt-in of this audience')
        .addHelpText('after', examples('account check', 'account check main --audience 1a2b3c4d5e'))
        .action(action(cli, check)),
    )
    .addCommand(
      new Command('show')
        .summary('Show how many connections the exports of an account have, and which workers hold them')
        .description(
          'Show the connections that the exports of the account may have, over all workers of the task queue: where the number comes from, which ' +
            'workers hold them, and which wait. Asks Mailchimp for the user of the account.',
        )
        .argument('[account]', 'name of the account; optional when the configuration file has only one')
        .addHelpText('after', examples('account show', 'account show main --json'))
        .action(action(cli, showBudget)),
    )
    .addCommand(
      new Command('pace')
        .summary('Change how many connections the exports of an account have')
        .description(
          'Change how many connections the exports of the account have together, over all workers of the task queue. Running exports follow within a ' +
            'minute. It stays until --default, which takes the number of the configuration again.',
        )
        .argument('[account]', 'name of the account; optional when the configuration file has only one')
        .option('--connections <n>', '1 to 10: Mailchimp allows 10, over all tools', connectionsCount)
        .option('--default', 'as many as the configuration says')
        .option(
          '--as <name>',
          'who changes it; Temporal keeps it (default: the user of this machine)',
          personName,
        )
        .addHelpText('after', examples('account pace main --connections 3', 'account pace main --default'))
        .action(action(cli, paceAccount)),
    )
    .addCommand(
      new Command('login')
        .summary('Sign in with Mailchimp, in place of an API key')
        .description(
          'Sign in with Mailchimp (OAuth 2) by the app of accounts.<account>.oauth, and write the token to the file that oauth.token names. ' +
            'Opens the browser, and waits five minutes. Replaces the token of an earlier sign-in, which stays as it was if this one fails.',
        )
        .argument('[account]', 'name of the account; optional when the configuration file has only one')
        .option('--no-browser', 'print the link and open nothing')
        .option('--paste', 'for a browser on another machine: ask for the address that it shows in the end')
        .addHelpText('after', examples('account login', 'account login main --paste'))
        .action(action(cli, loginToAccount)),
    )
    .addCommand(
      new Command('logout')
        .summary('Delete the token of a sign-in')
        .description(
          'Delete the token of an account from this machine. Exports of the account stop at their next step until the next account login. ' +
            'Mailchimp keeps the connection of the app until you remove it there.',
        )
        .argument('[account]', 'name of the account; optional when the configuration file has only one')
        .addHelpText('after', examples('account logout main'))
        .action(action(cli, logoutOfAccount)),
    );
}

async function check(
  invocation: Invocation,
  given: string | undefined,
  options: Options,
): Promise<number | undefined> {
  const loaded = await requireConfig(invocation.options);
  const { config, baseFolder } = await withAccountsOfDev(loaded, invocation.terminal);
  const name = given ?? onlyName('account', config.accounts);
  const { accountOf, openConfiguredAccount, requireWritingRole } = lazy.accounts();
  const credential = credentialOf(accountOf(config, name));
  if (credential.kind === 'oauth') await requirePrivateToken(credential.reference, baseFolder);
  const account = await openConfiguredAccount(config, { name, baseFolder });
  const { audience: id } = options;
  const checked: Checked = {
    credential,
    login: await account.login(),
    audiences: await account.audiences(),
    ...(id !== undefined && {
      chosen: { audience: await account.audience(id), mergeFields: await account.mergeFields(id) },
    }),
  };
  print(invocation, { json: toJson(name, checked), text: (page) => describe(name, checked, page) });
  try {
    requireWritingRole(name, checked.login.role);
    return undefined;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    if (!invocation.options.json) invocation.terminal.err(`${error.code}: ${error.message}`);
    return EXIT_REFUSED;
  }
}

function toJson(name: string, { credential, login, audiences, chosen }: Checked) {
  const { accountId, role, name: title } = login;
  return {
    account: name,
    accountId,
    name: title,
    role,
    credential,
    audiences,
    ...(chosen && { audience: { ...chosen.audience, mergeFields: chosen.mergeFields } }),
  };
}

function describe(name: string, { credential, login, audiences, chosen }: Checked, page: Page): string {
  return [
    pairs(
      [
        ['Account', `${name}: ${login.name} (${login.accountId})`],
        ['Role', login.role],
        ['Access', describeCredential(credential)],
      ],
      page,
    ),
    '',
    audiences.length === 0
      ? 'The account has no audience.'
      : table(
          ['AUDIENCE', 'NAME', 'SUBSCRIBED', 'DOUBLE OPT-IN'],
          audiences.map(({ id, name: title, subscribed, doubleOptin }) => [
            id,
            title,
            count(subscribed),
            onOff(doubleOptin),
          ]),
          page,
        ),
    ...(chosen ? ['', describeAudience(chosen, page)] : []),
  ].join('\n');
}

function describeCredential({ kind, reference }: AccountCredential): string {
  return `${kind === 'oauth' ? 'sign-in' : 'API key'}, ${reference}`;
}

function describeAudience({ audience, mergeFields }: NonNullable<Checked['chosen']>, page: Page): string {
  return [
    pairs(
      [
        ['Audience', `${audience.name} (${audience.id})`],
        ['Double opt-in', onOff(audience.doubleOptin)],
        ...(audience.marketingPermissions
          ? ([['Marketing permissions', 'on: exports send none of them']] as const)
          : []),
      ],
      page,
    ),
    '',
    table(
      ['MERGE FIELD', 'NAME', 'TYPE', 'REQUIRED'],
      mergeFields.map(({ tag, name, type, required }) => [tag, name, type, required ? 'yes' : 'no']),
      page,
    ),
  ].join('\n');
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
