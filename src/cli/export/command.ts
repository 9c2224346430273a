import { Command, InvalidArgumentError, Option } from 'commander';
import { LaneChoiceSchema } from '../../contract/destination';
import { approveExport, denyExport, type DecideOptions } from './decide';
import { findExport } from './find';
import { tellReport } from './follow';
import { showFailures, type FailuresOptions } from './failures';
import { planExport, startExport, watchExport, type GuardOptions, type StartOptions } from './start';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples, positiveNumber } from '../shell/options';
import { withClient } from '../shell/temporal';
import { exportTable } from '../text/exports';
import { NOT_EXPORTED_OUTCOMES } from '../text/outcomes';
import { describeView } from '../text/view';

export function exportCommand(cli: Cli): Command {
  return new Command('export')
    .description('Plan, start, follow and look into exports of a destination')
    .addCommand(planCommand(cli))
    .addCommand(startCommand(cli))
    .addCommand(watchCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(failuresCommand(cli))
    .addCommand(approveCommand(cli))
    .addCommand(denyCommand(cli))
    .addCommand(cancelCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(resumeCommand(cli));
}

/** The first paragraph of the description stands in the list of commands. */
function verb(name: string, description: string): Command {
  const [summary = ''] = description.split('\n\n');
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument('<name>', 'name of the destination');
}

function withExport(command: Command, whichOne: string): Command {
  return command.argument('[export]', `number or id of the export; default: ${whichOne}`);
}

function withGuards(command: Command): Command {
  return command
    .option(
      '--allow-unreadable-lines',
      'export although lines of the source cannot be read; nobody loses a tag then',
    )
    .option(
      '--allow-mass-removal',
      'export although a segment fell to zero, or many people would lose their tags',
    )
    .option('--allow-restored-tags', 'export although a tag was deleted in Mailchimp: all are tagged again')
    .option('--allow-new-contacts', 'export although more contacts are new than configured')
    .option('--allow-over-limit', 'export although the configured contact limit would be crossed')
    .option('--census', 'read the whole audience again first, as the first export does');
}

function planCommand(cli: Cli): Command {
  return withGuards(verb('plan', 'Show the numbers of an export: reads source and audience, sends nothing'))
    .addHelpText('after', examples('export plan newsletter', 'export plan newsletter --json'))
    .action(
      action(cli, (invocation, name: string, options: GuardOptions) => planExport(invocation, name, options)),
    );
}

function startCommand(cli: Cli): Command {
  return withGuards(
    verb(
      'start',
      'Export a destination and follow it to its report.\n\n' +
        'Ctrl-C ends the following only: the export goes on. When a guard holds it, this says why and how to approve it, and returns. ' +
        'Exit code 0 when it completed; 1 when it failed, was cancelled, or is held.',
    ),
  )
    .option('--no-wait', 'return as soon as the export has started')
    .option('--limit <n>', 'send at most this many profiles', positiveNumber)
    .addOption(
      new Option(
        '--lane <lane>',
        'how changes travel; auto: by size, and by what each lane is seen to do',
      ).choices(LaneChoiceSchema.options),
    )
    .option('--trigger <text>', 'who or what asks; kept in the history', 'on the command line')
    .addHelpText(
      'after',
      examples(
        'export start newsletter',
        'export start newsletter --limit 10',
        'export start newsletter --no-wait --json',
      ),
    )
    .action(
      action(cli, (invocation, name: string, options: StartOptions) =>
        startExport(invocation, name, options),
      ),
    );
}

function watchCommand(cli: Cli): Command {
  return withExport(verb('watch', 'Follow an export to its report'), 'the one that runs, else the last')
    .addHelpText('after', examples('export watch newsletter'))
    .action(
      action(cli, (invocation, name: string, which: string | undefined) =>
        watchExport(invocation, name, (view) => findExport(view, which)),
      ),
    );
}

function showCommand(cli: Cli): Command {
  return withExport(
    verb('show', 'Show the report of an export, or where it stands while it runs'),
    'the one that runs, else the last',
  )
    .addHelpText(
      'after',
      examples('export show newsletter', 'export show newsletter 3', 'export show newsletter --json'),
    )
    .action(action(cli, show));
}

async function show(invocation: Invocation, name: string, which: string | undefined): Promise<undefined> {
  await withClient(invocation, async (client) => {
    const { exportId, number, report } = findExport(await client.describe(name), which);
    if (report) return void tellReport(invocation, report);
    const view = await client.progress(name);
    if (view?.ref.exportId === exportId) {
      return print(invocation, { json: view, text: () => describeView(view) });
    }
    // It ended between the two questions, or is about to start.
    const ended = await client.report({ destinationId: name, exportId });
    if (ended) return void tellReport(invocation, ended);
    print(invocation, {
      json: { exportId, number: number ?? null },
      text: () => `Export ${number ?? exportId} of ${name} has not started yet.`,
    });
  });
}

function listCommand(cli: Cli): Command {
  return verb('list', 'List the last ten exports of a destination, latest first')
    .addHelpText('after', examples('export list newsletter'))
    .action(action(cli, list));
}

async function list(invocation: Invocation, name: string): Promise<undefined> {
  const { running, queued, exports } = await withClient(invocation, (client) => client.describe(name));
  print(invocation, {
    json: { running, queued, exports },
    text: () =>
      running || queued > 0 || exports.length > 0
        ? exportTable({ running, queued, exports })
        : `No exports yet. Start one: temporal-mailchimp export start ${name}`,
  });
}

function failuresCommand(cli: Cli): Command {
  return withExport(
    verb(
      'failures',
      'List who was not exported, and why.\n\n' +
        'Rows never pass through Temporal: this reads them from the staging folder of the configuration file.',
    ),
    'the last one that has ended',
  )
    .option('--csv', "as CSV for a spreadsheet, all rows; a ' stands before what it would take for a formula")
    .addOption(
      new Option(
        '--outcome <outcome>',
        `only these outcomes; repeatable (${NOT_EXPORTED_OUTCOMES.join(', ')})`,
      ).argParser(collectOutcome),
    )
    .option('--limit <n>', 'at most this many rows (default: 100 in the table, else all)', positiveNumber)
    .addHelpText(
      'after',
      examples(
        'export failures newsletter',
        'export failures newsletter 3 --outcome invalid --csv > invalid.csv',
        'export failures newsletter --json',
      ),
    )
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string | undefined, FailuresOptions]) =>
        showFailures(invocation, { destinationId: name, exportText: which }, options),
      ),
    );
}

function collectOutcome(value: string, before: readonly string[] = []): string[] {
  if ((NOT_EXPORTED_OUTCOMES as readonly string[]).includes(value)) return collect(value, before);
  throw new InvalidArgumentError(`Allowed choices are ${NOT_EXPORTED_OUTCOMES.join(', ')}.`);
}

function withDecision(command: Command): Command {
  return command
    .option('--plan <id>', 'the plan whose numbers were seen; without it, they are shown and you are asked')
    .option('--as <who>', 'who decides; kept in the history (default: the user of this machine)');
}

function approveCommand(cli: Cli): Command {
  return withDecision(
    verb(
      'approve',
      'Let a held export send what it was held for.\n\n' +
        'More than an hour after its plan, it is planned again as another export, which is held only if a number has grown.',
    ),
  )
    .addHelpText('after', examples('export approve newsletter', 'export approve newsletter --plan 1f0c2a'))
    .action(
      action(cli, (invocation, name: string, options: DecideOptions) =>
        approveExport(invocation, name, options),
      ),
    );
}

function denyCommand(cli: Cli): Command {
  return withDecision(verb('deny', 'End a held export with nothing sent'))
    .addHelpText('after', examples('export deny newsletter', 'export deny newsletter --plan 1f0c2a'))
    .action(
      action(cli, (invocation, name: string, options: DecideOptions) =>
        denyExport(invocation, name, options),
      ),
    );
}

function cancelCommand(cli: Cli): Command {
  return withExport(
    verb('cancel', 'Stop an export; what Mailchimp has acknowledged stays, and is counted in its report'),
    'the one that runs',
  )
    .addHelpText('after', examples('export cancel newsletter'))
    .action(action(cli, cancel));
}

async function cancel(invocation: Invocation, name: string, which: string | undefined): Promise<undefined> {
  const cancelled = await withClient(invocation, async (client) => {
    const { exportId, number } = findExport(await client.describe(name), which);
    await client.cancel({ destinationId: name, exportId });
    return { exportId, number: number ?? null };
  });
  print(invocation, {
    json: cancelled,
    text: () =>
      `Export ${cancelled.number ?? cancelled.exportId} of ${name} is cancelled. Its report follows: temporal-mailchimp export watch ${name}`,
  });
}

function pauseCommand(cli: Cli): Command {
  return verb('pause', 'Send nothing new until resume; batches at Mailchimp finish and are read')
    .addHelpText('after', examples('export pause newsletter'))
    .action(
      action(cli, async (invocation, name: string) => {
        await withClient(invocation, (client) => client.pause(name));
        const text = () => `Paused. Go on with: temporal-mailchimp export resume ${name}`;
        print(invocation, { json: { paused: true }, text });
        return undefined;
      }),
    );
}

function resumeCommand(cli: Cli): Command {
  return verb('resume', 'Go on after a pause, or after what stopped the export was mended')
    .addHelpText('after', examples('export resume newsletter'))
    .action(
      action(cli, async (invocation, name: string) => {
        await withClient(invocation, (client) => client.resume(name));
        const text = () => `The export goes on. Watch it: temporal-mailchimp export watch ${name}`;
        print(invocation, { json: { paused: false }, text });
        return undefined;
      }),
    );
}
