import { Command, Option } from 'commander';
import type { DestinationView } from '../../contract/destination';
import { STATUSES_IF_NEW } from '../../contract/outcome';
import { statement } from './consent';
import { connectDestination, type ConnectOptions } from './connect';
import { configureDestination, type ConfigureOptions } from './configure';
import { removeDestination, type RemoveOptions } from './remove';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples } from '../shell/options';
import { withClient } from '../shell/temporal';
import { describeDestination } from '../text/destination';
import { table } from '../text/table';

export function destinationCommand(cli: Cli): Command {
  return new Command('destination')
    .description('Connect, configure, show and remove destinations: audiences that segments are exported to')
    .addCommand(connectCommand(cli))
    .addCommand(configureCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(removeCommand(cli));
}

function connectCommand(cli: Cli): Command {
  return new Command('connect')
    .summary('Connect a destination to a Mailchimp audience')
    .description(
      'Connect a destination to a Mailchimp audience.\n\n' +
        'Settings come from destinations.NAME.connect of the configuration file; options override them. Somebody has to agree to ' +
        'the data privacy statement: with --agree and --as, or when asked. Nothing is sent. Run it again to change what may change.',
    )
    .argument('<name>', 'name of the destination')
    .option('--name <text>', 'display name')
    .option('--account <name>', 'Mailchimp account, as the worker configuration names it')
    .option('--audience <id>', 'audience id')
    .option('--source <name>', 'source of profiles and segments, as the worker configuration names it')
    .addOption(
      new Option(
        '--status-if-new <status>',
        'status of people new to the audience; existing people keep theirs',
      ).choices(STATUSES_IF_NEW),
    )
    .option('--agree', 'agree to the data privacy statement')
    .option('--as <who>', 'who agrees; kept in the history')
    .option('--export-user <who>', 'identity on whose authority data leaves (default: the same as --as)')
    .option('--adopt', 'take over what an earlier destination of this name left in the store')
    .addHelpText(
      'after',
      examples(
        'destination connect newsletter --agree --as "Kim Data"',
        'destination connect newsletter --name Newsletter --account main \\\n' +
          '      --audience a1b2c3d4e5 --source crm --status-if-new subscribed --agree --as "Kim Data"',
      ),
    )
    .addHelpText('after', () => `\n${statement()}`)
    .action(
      action(cli, (invocation, name: string, options: ConnectOptions) =>
        connectDestination(invocation, name, options),
      ),
    );
}

function configureCommand(cli: Cli): Command {
  return new Command('configure')
    .summary('Match data and choose segments')
    .description(
      'Match data and choose segments.\n\n' +
        'Starts from destinations.NAME.configure of the configuration file; --email replaces its address attribute, each --field and ' +
        '--segment adds one. The result replaces what was configured before. All of it is checked against the source and the audience.',
    )
    .argument('<name>', 'name of the destination')
    .option('--email <attribute>', 'attribute with the e-mail address')
    .option('--field <TAG=ATTRIBUTE>', 'feed a merge field from an attribute; repeatable', collect)
    .option(
      '--segment <ID[=TAG]>',
      'export a segment, as a tag of its own or another name; repeatable',
      collect,
    )
    .option('--adopt-tags', 'allow tags that exist in the audience already')
    .addHelpText(
      'after',
      examples(
        'destination configure newsletter',
        'destination configure newsletter --email Email --field FNAME=FirstName \\\n' +
          '      --field LNAME=LastName --segment vip --segment brazil="Customers in Brazil"',
      ),
    )
    .action(
      action(cli, (invocation, name: string, options: ConfigureOptions) =>
        configureDestination(invocation, name, options),
      ),
    );
}

function showCommand(cli: Cli): Command {
  return new Command('show')
    .description('Show consent, connection, matching, segments and the last exports of a destination')
    .argument('<name>', 'name of the destination')
    .addHelpText('after', examples('destination show newsletter', 'destination show newsletter --json'))
    .action(action(cli, show));
}

async function show(invocation: Invocation, name: string): Promise<undefined> {
  const view: DestinationView = await withClient(invocation, (client) => client.describe(name));
  print(invocation, { json: view, text: () => describeDestination(view) });
}

function listCommand(cli: Cli): Command {
  return new Command('list')
    .description('List destinations; a new one may take a second to appear')
    .addHelpText('after', examples('destination list'))
    .action(action(cli, list));
}

async function list(invocation: Invocation): Promise<undefined> {
  const destinations = await withClient(invocation, (client) => client.list());
  print(invocation, {
    json: { destinations },
    text: () =>
      destinations.length === 0
        ? 'No destinations. Connect one: temporal-mailchimp destination connect NAME'
        : table(
            ['DESTINATION', 'NAME', 'AUDIENCE', 'STATE'],
            destinations.map(({ destinationId, name, audienceId, phase }) => [
              destinationId,
              name,
              audienceId,
              phase,
            ]),
          ),
  });
}

function removeCommand(cli: Cli): Command {
  return new Command('remove')
    .summary('Remove a destination and withdraw its consent')
    .description(
      'Remove a destination: consent is withdrawn, a running export is cancelled, staged rows are deleted. ' +
        'People who were exported stay in the audience as they are.',
    )
    .argument('<name>', 'name of the destination')
    .requiredOption('--as <who>', 'who removes it; kept in the history')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('destination remove newsletter --as "Kim Data" --yes'))
    .action(
      action(cli, (invocation, name: string, options: RemoveOptions) =>
        removeDestination(invocation, name, options),
      ),
    );
}
