import { Command } from 'commander';
import type { MergeField } from '../../contract/merge-field';
import { ExportError } from '../../errors';
import type { AccountInfo, AudienceInfo, AudienceSummary } from '../../ports/mailchimp';
import { count } from '../../text/format';
import { lazy } from '../lazy';
import { EXIT_REFUSED } from '../shell/failure';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { examples } from '../shell/options';
import { withAccountsOfDev } from '../shell/running-dev';
import { requireConfig } from '../shell/settings';
import type { Page } from '../text/page';
import { pairs, table } from '../text/table';

interface Options {
  readonly audience?: string;
}

interface Checked {
  readonly login: AccountInfo;
  readonly audiences: readonly AudienceSummary[];
  /** Of `--audience`. */
  readonly chosen?: { readonly audience: AudienceInfo; readonly mergeFields: readonly MergeField[] };
}

export function accountCommand(cli: Cli): Command {
  return new Command('account')
    .description('Inspect a Mailchimp account of the configuration file; changes nothing')
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
  const { openConfiguredAccount, requireWritingRole } = lazy.accounts();
  const account = await openConfiguredAccount(config, { name, baseFolder });
  const { audience: id } = options;
  const checked: Checked = {
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

function toJson(name: string, { login, audiences, chosen }: Checked) {
  const { accountId, role, name: title } = login;
  return {
    account: name,
    accountId,
    name: title,
    role,
    audiences,
    ...(chosen && { audience: { ...chosen.audience, mergeFields: chosen.mergeFields } }),
  };
}

function describe(name: string, { login, audiences, chosen }: Checked, page: Page): string {
  return [
    pairs(
      [
        ['Account', `${name}: ${login.name} (${login.accountId})`],
        ['Role', login.role],
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

function describeAudience({ audience, mergeFields }: NonNullable<Checked['chosen']>, page: Page): string {
  return [
    pairs(
      [
        ['Audience', `${audience.name} (${audience.id})`],
        ['Double opt-in', onOff(audience.doubleOptin)],
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
