import { Command } from 'commander';
import { VERSION } from '../contract/version';
import { accountCommand } from './account/command';
import { configCommand } from './config/command';
import { demoCommand } from './demo/command';
import { destinationCommand } from './destination/command';
import { devCommand } from './dev/command';
import { exportCommand } from './export/command';
import { initCommand } from './init/command';
import { sandboxCommand } from './sandbox/command';
import type { Cli } from './shell/invocation';
import { examples } from './shell/options';
import { sourceCommand } from './source/command';
import { workerCommand } from './worker/command';

/** All commands of the program, for one run of it. */
export function createProgram(cli: Cli): Command {
  const program = new Command('temporal-mailchimp')
    .description('Exports customer segments to Mailchimp audiences, durably, through Temporal.')
    .version(VERSION)
    .option('--config <file>', 'configuration file (default: temporal-mailchimp.yaml)')
    .option('--address <host:port>', 'Temporal server; overrides the file')
    .option('--namespace <name>', 'Temporal namespace; overrides the file')
    .option('--task-queue <name>', 'task queue of the worker; overrides the file')
    .option('--json', 'print exactly one JSON document to standard output')
    .addCommand(initCommand(cli))
    .addCommand(accountCommand(cli))
    .addCommand(destinationCommand(cli))
    .addCommand(sourceCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(workerCommand(cli))
    .addCommand(devCommand(cli))
    .addCommand(sandboxCommand(cli))
    .addCommand(configCommand(cli))
    .addCommand(demoCommand(cli))
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
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Run it with --help to see its usage.')
    .configureOutput({
      writeOut: (text) => cli.terminal.out(text.trimEnd()),
      writeErr: (text) => cli.terminal.err(text.trimEnd()),
      // With --json, the error is printed as JSON instead.
      outputError: (text, write) => {
        if (program.opts()['json'] !== true) write(text);
      },
    })
    .exitOverride();
  inherit(program);
  return program;
}

/** Commander passes settings on only to subcommands that it creates itself. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
