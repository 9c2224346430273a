import { Command, Option } from 'commander';
import { AT_MAILCHIMP } from '../../contract/forget';
import { action, type Cli } from '../shell/invocation';
import { collect, examples, personName, text } from '../shell/options';
import { forgetPerson, type ForgetOptions } from './forget';
import { showPerson, type PersonOptions } from './show';

export function personCommand(cli: Cli): Command {
  return new Command('person')
    .description('Show what is known of one person, or forget it')
    .addCommand(showCommand(cli))
    .addCommand(forgetCommand(cli));
}

function forgetCommand(cli: Cli): Command {
  return new Command('forget')
    .summary('Remove one person from all rows of the store')
    .description(
      'Remove one person from all rows of the store, in each destination: snapshots, plans, results, outcomes, baselines.\n\n' +
        'It is a job of each destination, and waits for exports that run. By an address, the contact with it is forgotten; by a key, the contacts ' +
        'with all addresses that the profile has had. The person stays in the source, in backups, and at Mailchimp unless the contact is deleted there: ' +
        'docs/forget.md. Nothing of the person reaches Temporal.',
    )
    .argument('<person>', 'address, in any case; or the key of a profile', text)
    .requiredOption('--as <name>', 'who asks for it', personName)
    .option('--destination <name>', 'only in this destination; repeatable', collect)
    .option('--key', 'the argument is a key, also with an @')
    .addOption(
      new Option(
        '--mailchimp <what>',
        'what becomes of the contact there: keep it, take our tags off, or delete it permanently; asked on a terminal',
      ).choices(AT_MAILCHIMP),
    )
    .option('--keep-out', 'withhold the person from all later exports, by a keyed hash of the address')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'person forget ada@example.com --as "Kim Data" --mailchimp delete --keep-out',
        'person forget 4711 --destination newsletter --as "Kim Data" --mailchimp untag --yes',
      ),
    )
    .action(
      action(cli, (invocation, ...[person, options]: [string, ForgetOptions]) =>
        forgetPerson(invocation, person, options),
      ),
    );
}

function showCommand(cli: Cli): Command {
  return new Command('show')
    .summary('Show all that is known of one person, in each destination')
    .description(
      'Show all that is known of one person, in each destination: the profiles, the tags and fields that exports have set, what became of ' +
        'the person in each export whose rows are kept, when and why, evidence of consent, what Mailchimp refused, what Mailchimp has now, and what the ' +
        'next export would do with the profiles and settings that the last one has read.\n\n' +
        'Reads the staging store of the configuration file, and asks Mailchimp with the key of the file, from this machine. Temporal ' +
        'is asked for the destinations only: nothing of the person reaches it. Changes nothing.',
    )
    .argument('<person>', 'address, in any case; or the key of a profile', text)
    .option('--destination <name>', 'only in this destination; repeatable', collect)
    .option('--key', 'the argument is a key, also with an @')
    .option('--no-mailchimp', 'do not ask Mailchimp')
    .addHelpText(
      'after',
      examples('person show ada@example.com', 'person show 4711 --destination newsletter --json'),
    )
    .action(
      action(cli, (invocation, ...[person, options]: [string, PersonOptions]) =>
        showPerson(invocation, person, options),
      ),
    );
}
