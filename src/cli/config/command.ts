import { Command } from 'commander';
import { configJsonSchema, type AccountConfig } from '../../config/config';
import { ExportError } from '../../errors';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
import { withAccountsOfDev, withServerOfDev } from '../shell/running-dev';
import { requireSettings } from '../shell/settings';
import { countOf } from '../../text/format';
import { pairs } from '../text/table';
import type { SetupProblem } from '../../plugin/setup-problems';
import { describeProblems, findConfigProblems } from './problems';

export function configCommand(cli: Cli): Command {
  return new Command('config')
    .description('Check the configuration file, or print its schema')
    .addCommand(
      new Command('schema')
        .summary('Print the JSON Schema of the configuration file')
        .description(
          'Print the JSON Schema of the configuration file, for editors.\n\n' +
            'The package also contains it: schema/temporal-mailchimp.schema.json.',
        )
        .addHelpText('after', examples('config schema > temporal-mailchimp.schema.json'))
        .action(
          action(cli, async ({ terminal }) => {
            terminal.out(JSON.stringify(configJsonSchema(), null, 2));
            return undefined;
          }),
        ),
    )
    .addCommand(
      new Command('check')
        .description(
          'Check the configuration file and all that it names: accounts, sources, segments, secrets, files with their columns, and SQL. ' +
            'Needs no Temporal server and asks nothing of Mailchimp (account check does)',
        )
        .addHelpText('after', examples('config check', 'config check --config production.yaml'))
        .action(action(cli, check)),
    );
}

async function check(invocation: Invocation): Promise<undefined> {
  const settings = await withAccountsOfDev(await requireSettings(invocation.options), invocation.terminal);
  const { config, path, baseFolder } = settings;
  const problems = await findConfigProblems(config, baseFolder);
  if (problems.length > 0) throw toError(path, problems);
  const { accounts, sources, destinations } = config;
  const { temporal, connection } = await withServerOfDev(settings, invocation.terminal);
  const from = connection.address ? ` (${connection.address.from})` : '';
  const found = {
    path,
    temporal: { address: temporal.address, namespace: temporal.namespace, taskQueue: temporal.taskQueue },
    accounts: Object.keys(accounts),
    sources: Object.keys(sources),
    destinations: Object.keys(destinations),
  };
  print(invocation, {
    json: found,
    text: (page) =>
      [
        `${path} is valid.`,
        pairs(
          [
            [
              'Temporal',
              `${temporal.address}${from}, namespace ${temporal.namespace}, task queue ${temporal.taskQueue}`,
            ],
            ['Accounts', Object.entries(accounts).map(describeAccount).join(', ') || 'none'],
            ['Sources', found.sources.join(', ') || 'none'],
            ['Destinations', found.destinations.join(', ') || 'none'],
          ],
          page,
        ),
      ].join('\n'),
  });
}

function describeAccount([name, { oauth }]: [string, AccountConfig]): string {
  return oauth ? `${name} (sign-in)` : name;
}

/** Whether a key of Mailchimp is not set, which `dev` does not need. */
function isKeyMissing({ at, code }: SetupProblem): boolean {
  return code === 'SECRET_UNAVAILABLE' && at.startsWith('accounts.');
}

/** All problems at once. */
function toError(path: string, problems: readonly SetupProblem[]): ExportError {
  const hint = problems.some(isKeyMissing)
    ? ['Without a key of Mailchimp, try it with a sandbox: temporal-mailchimp dev']
    : [];
  return new ExportError(
    'CONFIG_INVALID',
    [
      `The configuration file ${path} has ${countOf(problems.length, 'problem')}:`,
      describeProblems(problems),
      ...hint,
    ].join('\n'),
    { details: { problems: problems.length } },
  );
}
