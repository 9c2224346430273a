import { Command } from 'commander';
import { action, type Cli } from '../shell/invocation';
import { examples, personName, positiveNumber, text } from '../shell/options';
import { addSuppressions, liftSuppressions, listSuppressions } from './change';
import type { AddOptions, LiftOptions, ListOptions } from './change';

const ENTRIES =
  'Entries are addresses, or the SHA-256 or MD5 of addresses in small letters, in hexadecimal digits, as other systems export them.';

export function suppressionCommand(cli: Cli): Command {
  return new Command('suppression')
    .description('Keep addresses out of all exports of a destination, or of its Mailchimp account')
    .addCommand(addCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(liftCommand(cli));
}

function addCommand(cli: Cli): Command {
  return verb('add', 'Add addresses to the suppression list')
    .description(
      'Add addresses to the suppression list.\n\n' +
        'The next exports send nothing for them and take our tags off, whatever the segments say; their outcome is suppressed, with the reason ' +
        `suppression_list. ${ENTRIES} The list lies in the staging store; nothing of it reaches Temporal.`,
    )
    .argument('[entries...]', 'addresses, or hashes of addresses')
    .option('--file <path>', 'a text file with one entry on each line; - for standard input', text)
    .requiredOption('--as <name>', 'who adds them', personName)
    .option('--reason <text>', 'why', text)
    .addHelpText(
      'after',
      examples(
        'suppression add newsletter ada@example.com --as "Kim Data" --reason "asked by phone"',
        'suppression add newsletter --account --file do-not-mail.txt --as "Kim Data"',
      ),
    )
    .action(
      action(cli, (invocation, ...[name, entries, options]: [string, string[], AddOptions]) =>
        addSuppressions(invocation, { destinationId: name, entries }, options),
      ),
    );
}

function listCommand(cli: Cli): Command {
  return withKeptOut(verb('list', 'List the suppression list'))
    .option('--csv', "print all entries as CSV; a ' precedes text that a spreadsheet would read as a formula")
    .option(
      '--limit <n>',
      'at most this many entries (default: 100 as a table; all as CSV or JSON)',
      positiveNumber,
    )
    .addHelpText(
      'after',
      examples('suppression list newsletter', 'suppression list newsletter --csv > list.csv'),
    )
    .action(
      action(cli, (invocation, ...[name, options]: [string, ListOptions]) =>
        listSuppressions(invocation, name, options),
      ),
    );
}

function liftCommand(cli: Cli): Command {
  return withKeptOut(verb('lift', 'Take addresses off the suppression list'))
    .description(
      `Take addresses off the suppression list, so that the next exports send them again.\n\n${ENTRIES} An address takes off its keyed hash as well, ` +
        'which stands for a person who was forgotten.',
    )
    .argument('[entries...]', 'addresses, or hashes of addresses, as they are listed')
    .option('--file <path>', 'a text file with one entry on each line; - for standard input', text)
    .option('--all', 'all entries')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'suppression lift newsletter ada@example.com',
        'suppression lift newsletter ada@example.com --kept-out',
      ),
    )
    .action(
      action(cli, (invocation, ...[name, entries, options]: [string, string[], LiftOptions]) =>
        liftSuppressions(invocation, { destinationId: name, entries }, options),
      ),
    );
}

function withKeptOut(command: Command): Command {
  return command.option(
    '--kept-out',
    'the list of people who were forgotten, which all exports of the staging store keep out',
  );
}

function verb(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .argument('<name>', 'name of the destination')
    .option('--account', 'the list of all destinations of its Mailchimp account, in its staging store');
}
