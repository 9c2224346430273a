import { Option, type Argument, type Command } from 'commander';
import { namesFor, type Typed } from './names';
import { FILES } from './scripts';

/** A word that may come next. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Where the cursor is. */
interface Position extends Typed {
  readonly command: Command;
  /** The option whose value is being typed. */
  readonly option: Option | undefined;
  readonly used: readonly Option[];
}

/** @param words after the name of the program, up to the cursor; the last may be empty. @returns FILES: names of files */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
): Promise<readonly Candidate[] | typeof FILES> {
  const typed = joined(words);
  const current = typed.at(-1) ?? '';
  const position = positionAfter(program, typed.slice(0, -1));
  const [, name = '', value] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  if (value !== undefined) {
    const option = findOption(position.command, name);
    const found = option ? await valuesOf(option, position) : [];
    if (found === FILES) return FILES;
    const prefixed = found.map(({ word, description }) => ({ word: `${name}=${word}`, description }));
    return startingWith(current, prefixed);
  }
  const found = await candidatesAt(position, current);
  return found === FILES ? FILES : startingWith(current, found);
}

/** bash splits `--lane=batch` into three words. */
function joined(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (word !== '=' || !words[index - 1]?.startsWith('--')) return [word];
    return index === words.length - 1 ? [''] : [];
  });
}

function positionAfter(program: Command, words: readonly string[]): Position {
  const used: Option[] = [];
  const args: string[] = [];
  let command = program;
  let option: Option | undefined;
  let config: string | undefined;
  for (const word of words) {
    if (option) {
      if (option.long === '--config') config = word;
      option = undefined;
    } else if (word.startsWith('-')) {
      const found = findOption(command, word.replace(/=.*$/s, ''));
      if (found) used.push(found);
      if (found?.long === '--config') config = /=(.*)$/s.exec(word)?.[1];
      option = found?.required && !word.includes('=') ? found : undefined;
    } else {
      const child = command.commands.find((found) => found.name() === word);
      if (child) command = child;
      else args.push(word);
    }
  }
  return { command, option, used, args, config };
}

async function candidatesAt(
  position: Position,
  current: string,
): Promise<readonly Candidate[] | typeof FILES> {
  const { command, option, used, args } = position;
  if (option) return valuesOf(option, position);
  if (current.startsWith('-')) {
    return optionsOf(command)
      .filter((found) => !used.includes(found) || isRepeatable(found))
      .map(({ long, short, description }) => ({ word: long ?? short ?? '', description }));
  }
  if (command.commands.length > 0) {
    // A word before is no command of the group.
    if (args.length > 0) return [];
    const help = command.createHelp();
    const visible = help.visibleCommands(command).filter((child) => command.commands.includes(child));
    return visible.map((child) => ({ word: child.name(), description: help.subcommandDescription(child) }));
  }
  const argument = command.registeredArguments[args.length];
  return argument ? valuesOf(argument, position) : [];
}

async function valuesOf(
  taker: Option | Argument,
  typed: Typed,
): Promise<readonly Candidate[] | typeof FILES> {
  if (taker.argChoices) return taker.argChoices.map((word) => ({ word, description: '' }));
  if (taker instanceof Option && taker.flags.includes('<file>')) return FILES;
  const names = await namesFor(nameOf(taker), typed);
  return names.map((word) => ({ word, description: '' }));
}

/** As it is in the usage: `--source`, `<name>`, `[source]`. */
function nameOf(taker: Option | Argument): string {
  if (taker instanceof Option) return taker.long ?? '';
  return taker.required ? `<${taker.name()}>` : `[${taker.name()}]`;
}

function findOption(command: Command, name: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => name !== '' && (long === name || short === name));
}

/** With those that every command takes. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

function isRepeatable({ description }: Option): boolean {
  return description.includes('repeatable');
}

function startingWith(current: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ word }) => word.startsWith(current));
}
