import type { Command } from 'commander';
import { printableJson, printableLines } from '../text/printable';
import type { Terminal } from './terminal';

/** One run of the program: what all its commands share. */
export interface Cli {
  readonly terminal: Terminal;
  exitCode: number;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly address?: string;
  readonly namespace?: string;
  readonly taskQueue?: string;
  readonly json?: boolean;
}

/** What the action of a command gets. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  /** Ends the command with exit code 2: for wrong usage that the parser cannot see. */
  readonly usageError: (message: string) => never;
}

/** Exit code; nothing: 0. */
type Outcome = number | undefined;

/** Turns a function of ours into a commander action: arguments, options, then what it was called with. */
export function action<Args extends unknown[]>(
  cli: Cli,
  run: (invocation: Invocation, ...args: Args) => Promise<Outcome>,
): (...args: [...Args, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const invocation: Invocation = {
      terminal: cli.terminal,
      options: command.optsWithGlobals<GlobalOptions>(),
      usageError: (message) => command.error(`error: ${message}`),
    };
    cli.exitCode = (await run(invocation, ...(all.slice(0, -1) as Args))) ?? 0;
  };
}

export interface Output {
  /** With --json: the one document on standard output. */
  readonly json: unknown;
  /** Without: lines for people. */
  readonly text: () => string;
}

export function print({ terminal, options }: Invocation, { json, text }: Output): void {
  terminal.out(options.json ? printableJson(json) : printableLines(text()));
}
