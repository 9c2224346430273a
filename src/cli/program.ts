import { Command } from 'commander';
import { VERSION } from '../contract/version';
import { AddressSchema, NamespaceSchema, TaskQueueSchema } from '../config/config';
import { accountCommand } from './account/command';
import { alertsCommand } from './alerts/command';
import { codecServerCommand } from './codec-server/command';
import { completeCommand, completionCommand } from './completion/command';
import { configCommand } from './config/command';
import { demoCommand } from './demo/command';
import { destinationCommand } from './destination/command';
import { devCommand } from './dev/command';
import { doctorCommand } from './doctor/command';
import { exportCommand } from './export/command';
import { initCommand } from './init/command';
import { personCommand } from './person/command';
import { sandboxCommand } from './sandbox/command';
import { asTyped } from './shell/hints';
import type { Cli } from './shell/invocation';
import { setupCommand } from './setup/command';
import { scheduleCommand } from './schedule/command';
import { examples, text, valueOf } from './shell/options';
import { refuseUnknownCommand } from './shell/unknown-command';
import { searchAttributesCommand } from './search-attributes/command';
import { sourceCommand } from './source/command';
import { storeCommand } from './store/command';
import { suppressionCommand } from './suppression/command';
import { toned, type Page } from './text/page';
import { workerCommand } from './worker/command';

/** Where no terminal has a width. */
const HELP_COLUMNS = 80;

/** All commands of the program, for one run of it. */
export function createProgram(cli: Cli): Command {
  const { terminal } = cli;
  const program = new Command('temporal-mailchimp')
    .description('Exports customer segments to Mailchimp audiences, durably, through Temporal.')
    .version(VERSION)
    .option('--config <file>', 'configuration file (default: temporal-mailchimp.yaml)', text)
    .option('--profile <name>', 'profile of temporal.toml with the connection to Temporal', text)
    .option(
      '--address <host:port>',
      'Temporal server; overrides file, profile and TEMPORAL_ADDRESS',
      valueOf(AddressSchema),
    )
    .option(
      '--namespace <name>',
      'Temporal namespace; overrides file, profile and TEMPORAL_NAMESPACE',
      valueOf(NamespaceSchema),
    )
    .option('--task-queue <name>', 'task queue of the worker; overrides the file', valueOf(TaskQueueSchema))
    .option('--json', 'print exactly one JSON document to standard output')
    .addCommand(initCommand(cli))
    .addCommand(setupCommand(cli))
    .addCommand(accountCommand(cli))
    .addCommand(destinationCommand(cli))
    .addCommand(sourceCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(personCommand(cli))
    .addCommand(suppressionCommand(cli))
    .addCommand(storeCommand(cli))
    .addCommand(scheduleCommand(cli))
    .addCommand(alertsCommand(cli))
    .addCommand(workerCommand(cli))
    .addCommand(devCommand(cli))
    .addCommand(sandboxCommand(cli))
    .addCommand(codecServerCommand(cli))
    .addCommand(searchAttributesCommand(cli))
    .addCommand(configCommand(cli))
    .addCommand(doctorCommand(cli))
    .addCommand(demoCommand(cli))
    .addCommand(completionCommand(cli))
    .addCommand(completeCommand(cli), { hidden: true })
    .addHelpText('beforeAll', refuseUnknownCommand)
    .addHelpText(
      'after',
      examples(
        'demo',
        'dev',
        'destination connect newsletter --agree --as "Kim Data"',
        'destination configure newsletter',
        'export plan newsletter',
        'export start newsletter',
      ),
    )
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => toned(terminal.page('out'), 'heading', title),
    })
    .showHelpAfterError('Run it with --help to see its usage.')
    .configureOutput({
      writeOut: (text) => cli.terminal.out(asTyped(text.trimEnd(), {})),
      writeErr: (text) => cli.terminal.err(text.trimEnd()),
      // Texts have colours only where their page has them, so commander need not remove any.
      getOutHasColors: () => true,
      getErrHasColors: () => true,
      getOutHelpWidth: () => terminal.page('out').columns ?? HELP_COLUMNS,
      getErrHelpWidth: () => terminal.page('err').columns ?? HELP_COLUMNS,
      // With --json, the error is printed as JSON instead.
      outputError: (text, write) => {
        if (program.opts()['json'] !== true) write(markError(text, terminal.page('err')));
      },
    })
    .exitOverride();
  inherit(program);
  return program;
}

function markError(text: string, page: Page): string {
  return text.replace(/^error:/, (mark) => toned(page, 'bad', mark));
}

/** Commander passes settings on only to subcommands that it creates itself. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
