import { Command } from 'commander';
import { action, type Cli } from '../shell/invocation';
import { examples } from '../shell/options';
import { copyStore, type CopyOptions } from './copy';

export function storeCommand(cli: Cli): Command {
  return new Command('store')
    .description('Move the staging store to another place')
    .addCommand(copyCommand(cli));
}

function copyCommand(cli: Cli): Command {
  return new Command('copy')
    .summary('Copy the staging store to another folder or bucket, where its destinations go on')
    .description(
      'Copy the staging store to another folder or bucket, where its destinations go on.\n\n' +
        'Baselines, the census, refusals, suppression lists, who is kept out, consents, reports and what an undo needs move: the next export sends only ' +
        'what has changed. Every object is compared by its hash. The copy gets an id of its own, and the old store takes no exports from then on; its files stay ' +
        'as they are. No export may run. A command that was interrupted is repeated, and copies only what is missing. Both files are those of workers: copy the ' +
        'present one, and change its section staging.',
    )
    .argument('<from>', 'configuration file of the workers that use the store')
    .argument('<to>', 'configuration file with the new staging')
    .option('--cancel', 'give up a copy that is not complete: the store takes exports again')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('store copy temporal-mailchimp.yaml with-s3.yaml'))
    .action(
      action(cli, (invocation, ...[from, to, options]: [string, string, CopyOptions]) =>
        copyStore(invocation, { from, to }, options),
      ),
    );
}
