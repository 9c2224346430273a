import { Command, InvalidArgumentError, Option } from 'commander';
import type { ListedDestination } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import { STATUSES_IF_NEW } from '../../contract/outcome';
import { rowClassesWhere } from '../../contract/row-class';
import { statement } from './consent';
import { connectDestination } from './connect';
import { configureDestination } from './configure';
import { editCommand } from './edit-command';
import { showRefusals } from './refusals';
import { EXPORTED, removeDestination } from './remove';
import { giveConsentCommand, withdrawConsentCommand } from './consent-commands';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples, personName, positiveNumber, text } from '../shell/options';
import { withClient } from '../shell/temporal';
import { describeStaleShortly } from '../../text/describe-stale';
import { driftCommand, verifyCommand } from './verify-commands';
import { describeDestination } from '../text/destination';
import { openExports } from '../text/export';
import type { Page } from '../text/page';
import { table } from '../text/table';
import { unreadableLines } from '../text/unreadable';

export function destinationCommand(cli: Cli): Command {
  return new Command('destination')
    .description(
      'Connect, configure, show and remove destinations: the audiences that segments are exported to',
    )
    .addCommand(connectCommand(cli))
    .addCommand(configureCommand(cli))
    .addCommand(editCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(refusalsCommand(cli))
    .addCommand(verifyCommand(cli))
    .addCommand(driftCommand(cli))
    .addCommand(withdrawConsentCommand(cli))
    .addCommand(giveConsentCommand(cli))
    .addCommand(removeCommand(cli));
}

function connectCommand(cli: Cli): Command {
  return new Command('connect')
    .summary('Connect a destination to a Mailchimp audience')
    .description(
      'Connect a destination to a Mailchimp audience.\n\n' +
        'Reads the settings from destinations.NAME.connect of the configuration file; options override them. Requires consent to the ' +
        'data privacy statement: pass --agree and --as, or answer the prompt. Sends no profiles.\n\n' +
        'To change the settings later, run it again. The recorded consent stays; another source or status-if-new needs a new agreement. ' +
        'Account and audience stay the same (the account may get another name and another key).',
    )
    .argument('<name>', 'name of the destination')
    .option('--name <text>', 'display name', text)
    .option('--account <name>', 'Mailchimp account, by its name in the configuration of the worker', text)
    .option('--audience <id>', 'audience id', text)
    .option(
      '--source <name>',
      'source of profiles and segments, by its name in the configuration of the worker',
      text,
    )
    .addOption(
      new Option(
        '--status-if-new <status>',
        'status of contacts that are new to the audience; existing members keep theirs',
      ).choices(STATUSES_IF_NEW),
    )
    .option(
      '--consent-proof <sentence>',
      'where new contacts have proven their consent: for "subscribed" on an audience with double opt-in',
      text,
    )
    .option('--label <name>', 'label by which a refresh chooses the destination; repeatable', collect)
    .option('--agree', 'agree to the data privacy statement')
    .option('--as <name>', 'who agrees; recorded in the history, with the consent', personName)
    .option(
      '--export-user <name>',
      'identity under whose authority the data is exported (default: stays as it is; at first, who agrees)',
      personName,
    )
    .option(
      '--adopt',
      'take over the baseline that an earlier destination of this name left in the staging store',
    )
    .addHelpText(
      'after',
      examples(
        'destination connect newsletter --agree --as "Kim Data"',
        'destination connect newsletter --name Newsletter --account main \\\n' +
          '      --audience 1a2b3c4d5e --source crm --status-if-new subscribed --agree --as "Kim Data"',
      ),
    )
    .addHelpText('after', () => `\n${statement()}`)
    .action(action(cli, connectDestination));
}

function configureCommand(cli: Cli): Command {
  return new Command('configure')
    .summary('Match attributes to merge fields and choose segments')
    .description(
      'Match attributes to merge fields and choose segments.\n\n' +
        'Reads destinations.NAME.configure of the configuration file. --email replaces the address attribute; each --field and --segment ' +
        'adds one. The result replaces the previous configuration. Everything is checked against the source and the audience.',
    )
    .argument('<name>', 'name of the destination')
    .option('--email <attribute>', 'attribute with the e-mail address', text)
    .option('--field <TAG=ATTRIBUTE>', 'fill a merge field from an attribute; repeatable', collect)
    .option(
      '--segment <ID[=TAG]>',
      'export a segment as a tag, by default with the name of the segment; repeatable',
      collect,
    )
    .option('--adopt-tags', 'allow tags that already exist in the audience')
    .addHelpText(
      'after',
      examples(
        'destination configure newsletter',
        'destination configure newsletter --email Email --field FNAME=FirstName \\\n' +
          '      --field LNAME=LastName --segment vip --segment brazil="Customers in Brazil"',
      ),
    )
    .action(action(cli, configureDestination));
}

function showCommand(cli: Cli): Command {
  return new Command('show')
    .description('Show the consent, connection, field matching, segments and last exports of a destination')
    .argument('<name>', 'name of the destination')
    .addHelpText('after', examples('destination show newsletter', 'destination show newsletter --json'))
    .action(action(cli, show));
}

async function show(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, async (client, { webUi }) => {
    const view: DestinationView = await client.describe(name);
    const text = (page: Page) => describeDestination(view, page);
    print(invocation, { json: view, text, webUi: webUi.destination(name) });
  });
}

function listCommand(cli: Cli): Command {
  return new Command('list')
    .description(
      'List destinations, with the states of their exports; a new destination can take a second to appear',
    )
    .addHelpText('after', examples('destination list'))
    .action(action(cli, list));
}

async function list(invocation: Invocation): Promise<undefined> {
  const destinations = await withClient(invocation, (client) => client.list());
  if (destinations.some(({ open }) => open === null)) {
    const line =
      'States that are not known: no worker answers for these destinations on the task queue of this command.';
    invocation.terminal.err(line);
  }
  print(invocation, {
    json: { destinations },
    text: (page) =>
      destinations.length === 0
        ? 'No destinations. Connect one: temporal-mailchimp destination connect NAME'
        : describeList(destinations, page),
  });
}

function describeList(destinations: readonly ListedDestination[], page: Page): string {
  const all = table(
    ['DESTINATION', 'NAME', 'AUDIENCE', 'STATE', 'EXPORTS NOW'],
    destinations.map(({ destinationId, name, audienceId, phase, open, stale, unreadable }) => [
      destinationId,
      name,
      audienceId,
      unreadable
        ? { text: 'unreadable', tone: 'bad' }
        : stale
          ? `${phase}, ${describeStaleShortly(stale, Date.now())}`
          : phase,
      open ? describeOpen(open) : 'not known',
    ]),
    page,
  );
  const entries = destinations.map(({ destinationId: id, unreadable }) => ({ id, unreadable }));
  return [all, ...unreadableLines(entries)].join('\n\n');
}

function describeOpen(open: NonNullable<ListedDestination['open']>): string {
  return openExports(open)
    .map(({ label, state }) => `${label}: ${state}`)
    .join('; ');
}

function refusalsCommand(cli: Cli): Command {
  return new Command('refusals')
    .summary('List or lift the refusals by Mailchimp that a destination remembers')
    .description(
      'List or lift the refusals by Mailchimp that a destination remembers: the same row is not sent again until it changes, a time is over, or ' +
        'the refusal is lifted.\n\n' +
        'Rows never pass through Temporal; this command reads them from the staging store of the configuration file. ' +
        '`export start --retry-refused` sends all of them again, once. Contacts that signed up too often have to wait; that cannot be lifted.',
    )
    .argument('<name>', 'name of the destination')
    .option('--class <class>', `only of this class; repeatable`, collectClass)
    .option('--key <key>', 'only of the profile with this key')
    .option(
      '--limit <n>',
      'list at most this many (default: 100 as a table; all as CSV or JSON)',
      positiveNumber,
    )
    .option('--csv', "list all as CSV for a spreadsheet; a ' precedes text that would be read as a formula")
    .option('--lift', 'lift them, so that the next export sends these contacts again')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      examples(
        'destination refusals newsletter',
        'destination refusals newsletter --class merge_field --lift',
        'destination refusals newsletter --key 4711 --lift --yes',
      ),
    )
    .action(action(cli, showRefusals));
}

const REMEMBERED = rowClassesWhere(({ memory }) => memory !== 'none');

function collectClass(value: string, before: readonly string[] = []): string[] {
  if ((REMEMBERED as readonly string[]).includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${REMEMBERED.join(', ')}.`);
}

function removeCommand(cli: Cli): Command {
  return new Command('remove')
    .summary('Remove a destination and withdraw its consent')
    .description(
      'Remove a destination: withdraws consent, cancels a running export and deletes staged rows. ' +
        'Exported contacts stay in the audience unchanged, or lose its tags (untag); archive also archives those that it provably created, that are ' +
        'subscribed or transactional, and that carry no tag of others. The question names how many; a removal of more is held.',
    )
    .argument('<name>', 'name of the destination')
    .requiredOption('--as <name>', 'who removes it; recorded in the history', personName)
    .addOption(
      new Option('--exported <choice>', 'what becomes of exported contacts')
        .choices(EXPORTED)
        .default('keep'),
    )
    .option('--plan', 'only say how many contacts that means')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      examples(
        'destination remove newsletter --as "Kim Data" --exported archive --plan',
        'destination remove newsletter --as "Kim Data" --yes',
      ),
    )
    .action(action(cli, removeDestination));
}
