import { Command } from 'commander';
import { action, type Cli } from '../shell/invocation';
import { collect, examples, personName, text } from '../shell/options';
import { editDestination } from './edit';

export function editCommand(cli: Cli): Command {
  return new Command('edit')
    .summary('Change settings, and see before what that does to people')
    .description(
      'Change name, labels, status-if-new, matching, segments, guards and the schedule of a configured destination. Opens the settings in $EDITOR, or takes ' +
        '--set, --unset or --file. Shows the difference and the numbers of an export with the new settings, which sends nothing, then asks, and saves.\n\n' +
        'Another status-if-new needs a new agreement: --agree and --as. The configuration file is not changed.',
    )
    .argument('<name>', 'name of the destination')
    .option('--set <path=value>', 'set one value, in YAML; repeatable', collect)
    .option('--unset <path>', 'remove one value, so that it has its default; repeatable', collect)
    .option(
      '--file <file>',
      'replace all settings by those of a file, as the editor shows them; - for standard input',
      text,
    )
    .option('--no-plan', 'do not plan an export with the new settings')
    .option('--agree', 'agree to the data privacy statement')
    .option('--as <name>', 'who agrees; recorded in the history, with the consent', personName)
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      examples(
        'destination edit newsletter',
        'destination edit newsletter --set connect.name=News --set configure.guards.newContacts=500',
        'destination edit newsletter --set "schedule.daily=[02:30]" --set schedule.timezone=Europe/Berlin',
        'destination edit newsletter --set configure.segments.vip=VIP --unset configure.fields.LNAME --yes',
      ),
    )
    .action(action(cli, editDestination));
}
