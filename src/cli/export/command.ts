import { Command, InvalidArgumentError, Option } from 'commander';
import { LaneChoiceSchema } from '../../contract/export-options';
import { approveExport, denyExport } from './decide';
import { findExport, findKept } from './find';
import { printReport } from './follow';
import { compareCommand, listCommand, reportCommand } from './history-commands';
import { rearchive } from './rearchive';
import { showFailures, type FailuresOptions } from './failures';
import { pauseExport, resumeExport } from './pause';
import type { RejectLimit } from '../../contract/rejects';
import { planExport, startExport, watchExport } from './start';
import { showSegments } from './segments';
import { undoExport, type UndoOptions } from './undo';
import { verb, withExport } from './verb';
import { LISTED_KINDS, showWarnings, type WarningsOptions } from './warnings';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples, personName, positiveNumber, text, withRowOptions } from '../shell/options';
import { withClient } from '../shell/temporal';
import { jobLabel, jobTitle } from '../../text/describe-export';
import { describeView } from '../text/export';
import { FAILURE_REASONS } from '../../contract/failure-reasons';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';
import { failOnRejects, failOnWarnings, holdOnRejects, retryRejectsCommand } from './reject-commands';

export function exportCommand(cli: Cli): Command {
  return new Command('export')
    .description('Plan, start, watch and inspect the exports of a destination')
    .addCommand(planCommand(cli))
    .addCommand(startCommand(cli))
    .addCommand(watchCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(reportCommand(cli))
    .addCommand(compareCommand(cli))
    .addCommand(failuresCommand(cli))
    .addCommand(warningsCommand(cli))
    .addCommand(segmentsCommand(cli))
    .addCommand(retryRejectsCommand(cli))
    .addCommand(rearchiveCommand(cli))
    .addCommand(undoCommand(cli))
    .addCommand(approveCommand(cli))
    .addCommand(denyCommand(cli))
    .addCommand(cancelCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(resumeCommand(cli));
}

function withGuards(command: Command): Command {
  return command
    .option(
      '--allow-unreadable-lines',
      'export even if lines of the source are unreadable; no tags are removed then',
    )
    .option('--allow-mass-removal', 'export even if a segment fell to zero, or many contacts would lose tags')
    .option(
      '--allow-unmatched-members',
      'export even if contacts would lose the tag of a segment that has new membership rows which select no profile',
    )
    .option(
      '--allow-restored-tags',
      'export even if a tag was deleted in Mailchimp; it is created again and added to all its contacts',
    )
    .option('--allow-new-contacts', 'export even if there are more new contacts than the configured limit')
    .option(
      '--allow-after-undo',
      'export although an export was taken back: what was taken back may be sent again',
    )
    .option('--allow-over-limit', 'export even if the account would exceed the configured contact limit')
    .option(
      '--allow-rejects',
      'export even if there are more rejects than the limit, or rejects of a class whose policy is to hold',
    )
    .addOption(holdOnRejects())
    .option(
      '--retry-refused',
      'send contacts again that Mailchimp has refused before, although nothing changed; those that signed up too often still wait',
    )
    .option(
      '--census',
      'read the whole audience again before planning, as the first export does: its new members, and who has which tags',
    );
}

function planCommand(cli: Cli): Command {
  return withGuards(
    verb('plan', 'Show the numbers of an export: read the source and the audience, send nothing'),
  )
    .addHelpText('after', examples('export plan newsletter', 'export plan newsletter --json'))
    .action(action(cli, planExport));
}

function startCommand(cli: Cli): Command {
  return withGuards(
    verb(
      'start',
      'Start an export, follow it until it ends and print its report.\n\n' +
        'Ctrl-C stops the command, not the export. When the export is held or stopped, or it is queued behind or joins one that is, the command prints ' +
        'why and what to do, and returns, also with --no-wait. Exit code 0 when the export completed; 1 when it failed, was cancelled, exported no profile since all are rejects, or needs a person.',
    ),
  )
    .option('--no-wait', 'return as soon as the export has started')
    .addOption(failOnRejects())
    .addOption(failOnWarnings())
    .option('--limit <n>', 'send at most this many profiles', positiveNumber)
    .addOption(
      new Option(
        '--lane <lane>',
        'how changes are sent; auto: by the size of the export and the measured rate of each lane',
      ).choices(LaneChoiceSchema.options),
    )
    .option('--trigger <text>', 'what started the export; recorded in the history', 'on the command line')
    .option(
      '--as <name>',
      'who asks for it; recorded in the history (default: the user of this machine)',
      personName,
    )
    .addHelpText(
      'after',
      examples(
        'export start newsletter',
        'export start newsletter --limit 10',
        'export start newsletter --no-wait --json',
      ),
    )
    .action(action(cli, startExport));
}

function watchCommand(cli: Cli): Command {
  return withExport(
    verb('watch', 'Follow an export until it ends and print its report'),
    'the running export, otherwise the last',
  )
    .addOption(failOnRejects())
    .addOption(failOnWarnings())
    .addHelpText('after', examples('export watch newsletter'))
    .action(
      action(
        cli,
        (
          invocation,
          ...[name, which, options]: [
            string,
            string | undefined,
            { readonly failOnRejects?: RejectLimit; readonly failOnWarnings?: RejectLimit },
          ]
        ) =>
          watchExport(invocation, {
            destinationId: name,
            which,
            limits: { rejects: options.failOnRejects, warnings: options.failOnWarnings },
          }),
      ),
    );
}

function showCommand(cli: Cli): Command {
  return withExport(
    verb('show', 'Show the report of an export, or its progress while it runs'),
    'the running export, otherwise the last',
  )
    .addHelpText(
      'after',
      examples('export show newsletter', 'export show newsletter 3', 'export show newsletter --json'),
    )
    .action(action(cli, show));
}

async function show(invocation: Invocation, name: string, which: string | undefined): Promise<undefined> {
  await withClient(invocation, async (client, { webUi }) => {
    const found = await findKept(invocation, await client.describe(name), which);
    const { exportId, number, report, isLatest } = found;
    const handle = client.handle({ destinationId: name, exportId });
    const link = { webUi: await webUi.exportOf(handle, { isLatest }) };
    if (report) return void printReport(invocation, report, link);
    const view = await handle.progress();
    if (view) return print(invocation, { json: view, text: (page) => describeView(view, page), ...link });
    // It ended between the two queries, or has not started yet.
    const ended = await handle.report();
    if (ended) return void printReport(invocation, ended, link);
    print(invocation, {
      json: { exportId, number },
      text: () => `${jobTitle(found)} of ${name} has not started yet.`,
      webUi: null,
    });
  });
}

function failuresCommand(cli: Cli): Command {
  return withRowOptions(
    verb(
      'failures',
      'List the profiles that were not exported, and why.\n\n' +
        'Rows never pass through Temporal; this command reads them from the staging store of the configuration file, and asks ' +
        'Temporal only which export has which number. A plan sends nothing, so it has no failures.',
    ).argument('[export]', 'number or id of the export; default: the last that planned anything'),
  )
    .addOption(
      new Option(
        '--outcome <outcome>',
        `only rows with this outcome; repeatable (${NOT_EXPORTED_OUTCOMES.join(', ')})`,
      ).argParser(collectOutcome),
    )
    .addOption(
      new Option(
        '--class <class>',
        'only rows with this reason: the rule that a profile breaks, or the class of a refusal; repeatable',
      ).argParser(collectReason),
    )
    .option('--key <key>', 'only the profile with this key')
    .option('--email <address>', 'only profiles with this address, in any case')
    .addHelpText(
      'after',
      examples(
        'export failures newsletter',
        'export failures newsletter 3 --outcome invalid --csv > invalid.csv',
        'export failures newsletter 3 --class merge_field --parquet refused.parquet',
        'export failures newsletter --json',
      ),
    )
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string | undefined, FailuresOptions]) =>
        showFailures(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function warningsCommand(cli: Cli): Command {
  return withRowOptions(
    withExport(
      verb(
        'warnings',
        'List the values that were left out or cut, or that Mailchimp keeps since they do not fit now, with their profiles.\n\n' +
          'Rows never pass through Temporal; this command reads them from the staging store of the configuration file, also for a plan.',
      ),
      'the last',
    ),
  )
    .addOption(
      new Option('--kind <kind>', `only of this kind; repeatable (${LISTED_KINDS.join(', ')})`).argParser(
        collectKind,
      ),
    )
    .option('--field <tag>', 'only of this merge field')
    .option('--key <key>', 'only of the profile with this key')
    .addHelpText(
      'after',
      examples(
        'export warnings newsletter',
        'export warnings newsletter p2 --field BIRTHDAY --csv > birthdays.csv',
      ),
    )
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string | undefined, WarningsOptions]) =>
        showWarnings(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function segmentsCommand(cli: Cli): Command {
  return withExport(
    verb(
      'segments',
      'List the counts of every segment.\n\n' +
        'Of a destination with many segments, a report lists those with the most changes. This command reads all of them from the ' +
        'staging store of the configuration file, also for a plan.',
    ),
    'the last',
  )
    .option('--csv', "print CSV for a spreadsheet; a ' precedes text that would be read as a formula")
    .addHelpText(
      'after',
      examples('export segments newsletter', 'export segments newsletter 3 --csv > segments.csv'),
    )
    .action(
      action(
        cli,
        (invocation, ...[name, which, options]: [string, string | undefined, { readonly csv?: boolean }]) =>
          showSegments(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function rearchiveCommand(cli: Cli): Command {
  return verb(
    'rearchive',
    'Archive the contacts again that an export has woken from the archive.\n\n' +
      'Only contacts that were archived when the export read them, and that a reply of Mailchimp or a look-up has shown with another ' +
      'status since. Reads them from the staging store, and archives them from this machine, with the key of the configuration file.',
  )
    .argument('<export>', 'number or id of the export')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('export rearchive newsletter 3'))
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string, { readonly yes?: boolean }]) =>
        rearchive(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function undoCommand(cli: Cli): Command {
  return verb(
    'undo',
    'Take back an export: contacts get the values and tags that they had before it.\n\n' +
      'Contacts that it provably created are archived, if they are subscribed or transactional and carry no tag of others when they are read. The latest ' +
      'export is taken back first, then the one before. The question names how many contacts change, and what cannot be taken back; an undo of more is held. ' +
      'It is an export with a number of its own, and the next export is held until it is approved.',
  )
    .argument('<export>', 'number or id of the export')
    .requiredOption('--as <name>', 'who takes it back; recorded in the history', personName)
    .option('--plan', 'only say what that means')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      examples('export undo newsletter 7 --as "Kim Data" --plan', 'export undo newsletter 7 --as "Kim Data"'),
    )
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string, UndoOptions]) =>
        undoExport(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

function collectKind(value: string, before: readonly string[] = []): string[] {
  if ((LISTED_KINDS as readonly string[]).includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${LISTED_KINDS.join(', ')}.`);
}

function collectOutcome(value: string, before: readonly string[] = []): string[] {
  if ((NOT_EXPORTED_OUTCOMES as readonly string[]).includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${NOT_EXPORTED_OUTCOMES.join(', ')}.`);
}

function collectReason(value: string, before: readonly string[] = []): string[] {
  if (FAILURE_REASONS.includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${FAILURE_REASONS.join(', ')}.`);
}

function withDecision(command: Command): Command {
  return command
    .option(
      '--plan <id>',
      'the plan to decide about; without it, its numbers are shown and you are asked',
      text,
    )
    .option(
      '--as <name>',
      'who decides; recorded in the history (default: the user of this machine)',
      personName,
    );
}

function approveCommand(cli: Cli): Command {
  return withDecision(
    verb(
      'approve',
      'Approve a held export, so that it sends its changes.\n\n' +
        'A plan that is more than an hour old is planned again, as a new export. It is held again only if a number has grown.',
    ),
  )
    .addHelpText('after', examples('export approve newsletter', 'export approve newsletter --plan 1f0c2a'))
    .action(action(cli, approveExport));
}

function denyCommand(cli: Cli): Command {
  return withDecision(verb('deny', 'End a held export without sending anything'))
    .addHelpText('after', examples('export deny newsletter', 'export deny newsletter --plan 1f0c2a'))
    .action(action(cli, denyExport));
}

function cancelCommand(cli: Cli): Command {
  return withExport(
    verb(
      'cancel',
      'Cancel an export; changes that Mailchimp has acknowledged stay and are counted in its report',
    ),
    'the running export',
  )
    .addHelpText('after', examples('export cancel newsletter'))
    .action(action(cli, cancel));
}

async function cancel(invocation: Invocation, name: string, which: string | undefined): Promise<undefined> {
  const cancelled = await withClient(invocation, async (client) => {
    const found = findExport(await client.describe(name), which);
    const { exportId, kind, number } = found;
    await client.handle({ destinationId: name, exportId }).cancel();
    return { exportId, kind, number };
  });
  print(invocation, {
    json: cancelled,
    text: () =>
      `${jobTitle(cancelled)} of ${name} is cancelled. To see its report: temporal-mailchimp export watch ${name} ${jobLabel(cancelled)}`,
  });
}

function pauseCommand(cli: Cli): Command {
  return verb(
    'pause',
    'Pause an export: send no further changes until resume; batches in flight finish and their results are read',
  )
    .addHelpText('after', examples('export pause newsletter'))
    .action(action(cli, pauseExport));
}

function resumeCommand(cli: Cli): Command {
  return verb('resume', 'Resume an export that is paused, or that stopped and whose cause is fixed')
    .addHelpText('after', examples('export resume newsletter'))
    .action(action(cli, resumeExport));
}
