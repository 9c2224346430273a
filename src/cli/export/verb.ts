import { Command } from 'commander';

/** The first sentence of the description is the summary in the list of commands. */
export function verb(name: string, description: string): Command {
  const [summary = ''] = description.split('.\n\n');
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument('<name>', 'name of the destination');
}

export function withExport(command: Command, defaultExport: string): Command {
  return command.argument(
    '[export]',
    `number or id of the export (of a plan: p and its number); default: ${defaultExport}`,
  );
}
