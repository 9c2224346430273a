import type { Command } from 'commander';
import { action, type Cli } from '../shell/invocation';
import { examples, positiveNumber, text } from '../shell/options';
import { compareExports } from './compare';
import { listExports, type ListOptions } from './list';
import { reportExport, type ReportOptions } from './report';
import { verb, withExport } from './verb';

// The commands about exports that have ended, also long ago.

export function listCommand(cli: Cli): Command {
  return verb(
    'list',
    'List the exports of a destination with their states, newest first: the running, the queued, and the last ten.\n\n' +
      'With --limit or --all also earlier ones, from the staging store of the configuration file, as long as their rows are kept.',
  )
    .option('--limit <n>', 'at most this many that have ended, plans among them', positiveNumber)
    .option('--all', 'all that are kept')
    .addHelpText('after', examples('export list newsletter', 'export list newsletter --limit 50'))
    .action(
      action(cli, (invocation, ...[name, options]: [string, ListOptions]) =>
        listExports(invocation, name, options),
      ),
    );
}

export function reportCommand(cli: Cli): Command {
  return withExport(
    verb(
      'report',
      'Make a page, or Markdown, of the report of an export.\n\n' +
        'The page is one HTML file without scripts, which loads nothing: outcomes, segments, rate over time, what it waited for, reasons of refusals, ' +
        'guards, and what changed since the export before. It has counts only, unless --with-people is given. What is needed of earlier exports is read from the staging ' +
        'folder of the configuration file. Charts need the packages @observablehq/plot and linkedom beside this one.',
    ),
    'the last that has ended',
  )
    .option('--html <file>', 'write one HTML file; -: print it', text)
    .option('--markdown', 'print Markdown, without charts')
    .option(
      '--with-people',
      'also list the first 1,000 profiles that were not exported, with their addresses',
    )
    .addHelpText(
      'after',
      examples('export report newsletter --html report.html', 'export report newsletter 3 --markdown'),
    )
    .action(
      action(cli, (invocation, ...[name, which, options]: [string, string | undefined, ReportOptions]) =>
        reportExport(invocation, { destinationId: name, numberOrId: which }, options),
      ),
    );
}

export function compareCommand(cli: Cli): Command {
  return verb(
    'compare',
    'Compare the numbers of two exports: profiles, outcomes, segments, reasons, time and lanes.\n\n' +
      'Of exports that the destination no longer keeps, reads the report from the staging store of the configuration file.',
  )
    .argument('<export>', 'number or id of the export before (of a plan: p and its number)')
    .argument('<other>', 'number or id of the export that is compared with it')
    .addHelpText('after', examples('export compare newsletter 3 4'))
    .action(
      action(cli, (invocation, ...[name, before, after]: [string, string, string]) =>
        compareExports(invocation, name, before, after),
      ),
    );
}
