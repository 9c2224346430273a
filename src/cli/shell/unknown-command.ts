import type { AddHelpTextContext, Command } from 'commander';
import { rootOf } from './invocation';

/** Commander prints the help of the group for `exprot --help` and `help exprot`, as if nothing was wrong. @throws CommanderError */
export function refuseUnknownCommand(context: AddHelpTextContext): string {
  const root = rootOf(context.command);
  const [first, ...path] = root.args;
  if (first === 'help') walk(root, path);
  else walk(context.command, context.command.args);
  return '';
}

function walk(group: Command, [name, ...rest]: readonly string[]): void {
  if (group.commands.length === 0 || name === undefined || name.startsWith('-')) return;
  const found = group.commands.find((command) => command.name() === name || command.aliases().includes(name));
  if (found) return walk(found, rest);
  // Without --help, commander refuses it, and names the nearest command. A second parse forgets the options of the first.
  const isJson = group.parent === null && group.opts()['json'] === true;
  group.parse([...(isJson ? ['--json'] : []), name], { from: 'user' });
}
