import { Command, InvalidArgumentError } from 'commander';
import { DRIFT_CLASSES, type DriftClass } from '../../contract/drift';
import { action, type Cli } from '../shell/invocation';
import { collect, examples, text, withRowOptions } from '../shell/options';
import { showDrift, verifyDestination, type DriftOptions } from './verify';

export function verifyCommand(cli: Cli): Command {
  return new Command('verify')
    .summary('Compare the audience with what was exported')
    .description(
      'Compare the audience with what was exported: contacts that were deleted, archived, or have opted out, fields that others have changed, tags that ' +
        'were taken off or added.\n\n' +
        'Reads the whole audience, and each contact that seems to differ once more. Changes nothing at Mailchimp. With --repair, the next export ' +
        'sends again the fields and tags that differ: never of contacts that were deleted, archived or have opted out, and it takes no tag off that others have added.',
    )
    .argument('<name>', 'name of the destination')
    .option('--repair', 'let the next export send again what is ours and differs')
    .option(
      '--csv <file>',
      "write the contacts that differ into a file as CSV; a ' precedes text that would be read as a formula",
      text,
    )
    .option('--fail-on-drift', 'exit with code 1 if a contact differs')
    .option('--no-wait', 'do not wait for the end')
    .addHelpText(
      'after',
      examples('destination verify newsletter', 'destination verify newsletter --repair --csv drift.csv'),
    )
    .action(action(cli, verifyDestination));
}

export function driftCommand(cli: Cli): Command {
  const command = new Command('drift')
    .summary('List the contacts that a verification has found to differ')
    .description(
      'List the contacts that a verification has found to differ, and how.\n\n' +
        'Rows never pass through Temporal; this command reads them from the staging store of the configuration file.',
    )
    .argument('<name>', 'name of the destination')
    .argument(
      '[verification]',
      'number (v1) or id of the verification, or of an export with a sample; default: the last',
    )
    .option('--class <class>', 'only what differs so; repeatable', collectClass);
  return withRowOptions(command)
    .addHelpText(
      'after',
      examples('destination drift newsletter', 'destination drift newsletter v2 --class missing --csv'),
    )
    .action(
      action(
        cli,
        (invocation, ...[destinationId, which, options]: [string, string | undefined, DriftOptions]) =>
          showDrift(invocation, { destinationId, which }, options),
      ),
    );
}

function collectClass(value: string, before: readonly DriftClass[] = []): DriftClass[] {
  if ((DRIFT_CLASSES as readonly string[]).includes(value)) return collect(value, before) as DriftClass[];
  throw new InvalidArgumentError(`Allowed choices are ${DRIFT_CLASSES.join(', ')}.`);
}
