import type { Command } from 'commander';
import type { Page } from '../text/page';
import { printableJson, printableOn } from '../text/printable';
import type { GlobalOptions } from './global-options';
import { asTyped } from './hints';
import type { Terminal } from './terminal';

/** State of one run of the program, shared by its commands. */
export interface Cli {
  readonly terminal: Terminal;
  exitCode: number;
}

/** Passed to the action of each command. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  /** All commands. */
  readonly program: Command;
  /** Ends the command with exit code 2, for wrong usage that the parser cannot detect. */
  readonly usageError: (message: string) => never;
}

/** Undefined: 0. */
type ExitCode = number | undefined;

/** Adapts a function to a commander action, which receives arguments, options and the command. */
export function action<Args extends unknown[]>(
  cli: Cli,
  run: (invocation: Invocation, ...args: Args) => Promise<ExitCode>,
): (...args: [...Args, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const invocation: Invocation = {
      terminal: cli.terminal,
      options: command.optsWithGlobals<GlobalOptions>(),
      program: rootOf(command),
      usageError: (message) => command.error(`error: ${message}`),
    };
    cli.exitCode = (await run(invocation, ...(all.slice(0, -1) as Args))) ?? 0;
  };
}

export interface Output {
  /** With --json: the one document on standard output. */
  readonly json: unknown;
  /** Without --json: text for standard output. */
  readonly text: (page: Page) => string;
  /** Link to the workflow: a property of the document, and a line below the text. Null: not known. */
  readonly webUi?: string | null;
}

export function print({ terminal, options }: Invocation, { json, text, webUi }: Output): void {
  if (options.json) {
    const document = webUi !== undefined && typeof json === 'object' ? { ...json, webUi } : json;
    return terminal.out(printableJson(document));
  }
  const page = terminal.page('out');
  const shown = asTyped(text(page), options);
  terminal.out(printableOn(page, webUi ? `${shown}\n\n${describeLink(webUi)}` : shown));
}

/** On standard error before a command waits. Its document has the link as well, its text does not repeat it. */
export function sayLink({ terminal }: Invocation, webUi: string | null): void {
  if (webUi) terminal.err(describeLink(webUi));
}

function describeLink(webUi: string): string {
  return `Web UI: ${webUi}`;
}

/** The program of a command. */
export function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}
