#!/usr/bin/env node
import { createProgram } from './program';
import { tellFailure } from './shell/failure';
import type { Cli } from './shell/invocation';
import { processTerminal, type Terminal } from './shell/terminal';
import { printableLines } from './text/printable';

/**
 * Runs one command line (without node and script).
 * @returns exit code: 0; 1 refused or an export that failed; 2 wrong usage; 70 a bug; 130 Ctrl-C
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  // Messages hold names that others gave: of audiences, tags, files, columns.
  const cleaned: Terminal = { ...terminal, err: (text) => terminal.err(printableLines(text)) };
  const cli: Cli = { terminal: cleaned, exitCode: 0 };
  const program = createProgram(cli);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    return tellFailure(error, cleaned, program.opts()['json'] === true);
  }
}

async function run(): Promise<void> {
  // `… | head` closes the pipe early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const code = await main(process.argv.slice(2), processTerminal());
  // Written out before the end, which must not wait for what an interrupted command left behind.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

if (require.main === module) void run();
