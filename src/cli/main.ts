#!/usr/bin/env node
import { createProgram } from './program';
import { asTyped } from './shell/hints';
import { printFailure } from './shell/failure';
import type { Cli } from './shell/invocation';
import { processTerminal, type Terminal } from './shell/terminal';
import { printableOn } from './text/printable';

/**
 * Runs one command line (without node and script).
 * @returns exit code: 0 success; 1 refused, or an export that did not complete; 2 wrong usage; 70 a bug; 130 Ctrl-C
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  // Messages contain names of audiences, tags, files and columns, which can contain control characters.
  const cleaned: Terminal = {
    ...terminal,
    err: (text) => terminal.err(printableOn(terminal.page('err'), asTyped(text, program.opts()))),
  };
  const cli: Cli = { terminal: cleaned, exitCode: 0 };
  const program = createProgram(cli);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    return printFailure(error, cleaned, program.opts()['json'] === true);
  }
}

async function run(): Promise<void> {
  // `… | head` closes the pipe early, which is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const terminal = processTerminal();
  // Of a timer or a stream of a library, which no command awaits.
  process.on('uncaughtException', (error) => process.exit(printFailure(error, terminal, false)));
  const code = await main(process.argv.slice(2), terminal);
  // Flush, then exit: an interrupted command may leave handles open that would keep the process alive.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

if (require.main === module) void run();
