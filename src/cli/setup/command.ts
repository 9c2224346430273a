import { Command, Option } from 'commander';
import { DestinationIdSchema } from '../../contract/identifiers';
import { STATUSES_IF_NEW } from '../../contract/outcome';
import { statement } from '../destination/consent';
import { action, type Cli } from '../shell/invocation';
import { collect, examples, personName, text, valueOf } from '../shell/options';
import { runSetup } from './run-setup';

export function setupCommand(cli: Cli): Command {
  return new Command('setup')
    .summary('Connect your data to a Mailchimp audience, step by step')
    .description(
      'Connect your data to a Mailchimp audience, step by step: display name, data privacy, audience, connection, export user, data matching, ' +
        'segments. Then it plans an export, and starts one if you want.\n\n' +
        'On a terminal it asks for what no flag says; Esc goes back, and Ctrl-C ends it with nothing changed. Without a terminal, flags answer. ' +
        'The answers become a destination in the configuration file, whose comments stay. Run it again to change them.',
    )
    .argument(
      '[destination]',
      'name of the destination (default: made of the display name)',
      valueOf(DestinationIdSchema),
    )
    .option('--display-name <text>', 'display name', text)
    .option('--source <name>', 'source of profiles and segments, by its name in the configuration file', text)
    .option('--agree', 'agree to the data privacy statement')
    .option('--as <name>', 'who agrees; recorded in the history, with the consent', personName)
    .option('--account <name>', 'Mailchimp account, by its name in the configuration file', text)
    .option('--api-key <reference>', 'where the API key of the account is: env:VARIABLE or file:PATH', text)
    .option('--audience <id>', 'audience id', text)
    .addOption(
      new Option(
        '--status-if-new <status>',
        'status of contacts that are new to the audience (default: subscribed; with double opt-in, pending)',
      ).choices(STATUSES_IF_NEW),
    )
    .option(
      '--consent-proof <sentence>',
      'where new contacts have proven their consent: for "subscribed" on an audience with double opt-in',
      text,
    )
    .option('--export-user <name>', 'who answers for the export (default: who agrees)', personName)
    .option('--email <attribute>', 'attribute with the e-mail address', text)
    .option('--field <TAG=ATTRIBUTE>', 'fill a merge field from an attribute; repeatable', collect)
    .option(
      '--create-field <TAG=TYPE:NAME>',
      'create a merge field that --field fills, unless it is there already; repeatable',
      collect,
    )
    .option(
      '--segment <ID[=TAG]>',
      'export a segment as a tag, by default with the name of the segment; repeatable',
      collect,
    )
    .option('--adopt-tags', 'allow tags that already exist in the audience')
    .option('--file-only', 'write the configuration file, and connect nothing; needs no Temporal')
    .option('--no-plan', 'do not plan an export')
    .option('--export', 'export, and wait for the end')
    .option('--yes', 'do not ask before it saves')
    .addHelpText(
      'after',
      examples(
        'setup',
        'setup newsletter --display-name Newsletter --agree --as "Kim Data" --audience 1a2b3c4d5e \\\n' +
          '      --email Email --field FNAME=FirstName --create-field BORN=birthday:Birthday --field BORN=Born \\\n' +
          '      --segment big-spenders="Big spenders"',
      ),
    )
    .addHelpText('after', () => `\n${statement()}`)
    .action(action(cli, runSetup));
}
