import { InvalidArgumentError, Option, type Command } from 'commander';
import { REJECT_CLASSES } from '../../contract/reject-policy';
import { action, type Cli } from '../shell/invocation';
import { collect, examples, personName } from '../shell/options';
import { rejectLimit, rejectLimitText } from './rejects';
import { retryRejects } from './retry-rejects';
import { verb } from './verb';

export function failOnRejects(): Option {
  return new Option(
    '--fail-on-rejects <n|p%>',
    'exit with 1 when more profiles than this number, or this share of the selected ones, are invalid, refused, throttled or unproven',
  ).argParser(rejectLimit);
}

export function failOnWarnings(): Option {
  return new Option(
    '--fail-on-warnings <n|p%>',
    'exit with 1 when more values than this number, or than this share of the selected profiles, were left out, cut or not read',
  ).argParser(rejectLimit);
}

export function holdOnRejects(): Option {
  return new Option(
    '--hold-on-rejects <n|p%>',
    'hold the export when more profiles than this number, or this share of the selected ones, are invalid, or are left out since Mailchimp has refused them',
  ).argParser(rejectLimitText);
}

export function retryRejectsCommand(cli: Cli): Command {
  return verb(
    'retry-rejects',
    'Send the contacts again that Mailchimp has refused in an export.\n\n' +
      'Lifts the refusals that the export has reported and that are remembered still, and starts an export, which also sends all else that has ' +
      'changed. Invalid profiles have to be corrected in the source; contacts that signed up too often still wait. While another export runs, it only ' +
      'lifts the refusals, and exits with 1.',
  )
    .argument('<export>', 'number or id of the export')
    .addOption(
      new Option('--class <class>', 'only refusals of this class; repeatable').argParser(collectRejectClass),
    )
    .option('--no-wait', 'return as soon as the export has started')
    .option(
      '--as <name>',
      'who asks for it; recorded in the history (default: the user of this machine)',
      personName,
    )
    .addHelpText(
      'after',
      examples('export retry-rejects newsletter 3', 'export retry-rejects newsletter 3 --class merge_field'),
    )
    .action(
      action(
        cli,
        (invocation, ...[name, which, options]: [string, string, Parameters<typeof retryRejects>[2]]) =>
          retryRejects(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function collectRejectClass(value: string, before: readonly string[] = []): string[] {
  const known: readonly string[] = REJECT_CLASSES;
  if (known.includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${known.join(', ')}.`);
}
