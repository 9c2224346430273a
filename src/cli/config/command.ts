import { Command } from 'commander';
import { configJsonSchema, type Config } from '../../config/config';
import { ExportError } from '../../errors';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
import { requireSettings } from '../shell/settings';
import { pairs } from '../text/table';

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
          'Check the configuration file: keys, values, and the accounts, sources and segments that destinations refer to',
        )
        .addHelpText('after', examples('config check', 'config check --config production.yaml'))
        .action(action(cli, check)),
    );
}

async function check(invocation: Invocation): Promise<undefined> {
  const { config, path, connection } = await requireSettings(invocation.options);
  const unresolved = unresolvedReferences(config);
  if (unresolved.length > 0) {
    throw new ExportError(
      'CONFIG_INVALID',
      `The configuration file ${path} is not valid:\n${unresolved.join('\n')}`,
    );
  }
  const { accounts, sources, destinations, temporal } = config;
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
            ['Accounts', found.accounts.join(', ') || 'none'],
            ['Sources', found.sources.join(', ') || 'none'],
            ['Destinations', found.destinations.join(', ') || 'none'],
          ],
          page,
        ),
      ].join('\n'),
  });
}

/** References between sections, which the schema cannot check. */
function unresolvedReferences({ accounts, sources, destinations }: Config): string[] {
  const problems: string[] = [];
  for (const [name, { connect, configure }] of Object.entries(destinations)) {
    const at = `destinations.${name}`;
    if (!Object.hasOwn(accounts, connect.account))
      problems.push(`${at}.connect.account: there is no account "${connect.account}"`);
    const source = Object.hasOwn(sources, connect.source) ? sources[connect.source] : undefined;
    if (!source) problems.push(`${at}.connect.source: there is no source "${connect.source}"`);
    for (const segment of Object.keys(configure?.segments ?? {})) {
      if (source && !Object.hasOwn(source.segments, segment)) {
        problems.push(`${at}.configure.segments: the source "${connect.source}" has no segment "${segment}"`);
      }
    }
  }
  return problems;
}
