import { inspect } from 'node:util';
import { isNativeError } from 'node:util/types';
import { CommanderError } from 'commander';
import { ExportError } from '../../errors';
import { toned } from '../text/page';
import { printableJson } from '../text/printable';
import { writeTrace } from './trace-file';
import { Interrupted, type Terminal } from './terminal';

export const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;
const EXIT_BUG = 70;
const EXIT_INTERRUPTED = 130;

interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number>>;
  /** Text for standard error; undefined when commander has already printed it. */
  readonly text?: string;
}

/** Prints an error: as text on standard error, or with --json as one document on standard output. @returns the exit code */
export function printFailure(error: unknown, terminal: Terminal, isJson: boolean): number {
  const failure = toFailure(error);
  if (failure.exitCode === 0) return 0;
  const { code, message, details, text } = failure;
  if (isJson) terminal.out(printableJson({ error: { code, message, details: details ?? {} } }));
  // The place of a bug's trace is printed even with --json.
  if (text !== undefined && (!isJson || failure.exitCode === EXIT_BUG))
    terminal.err(markCode(terminal, text));
  return failure.exitCode;
}

function markCode(terminal: Terminal, text: string): string {
  return text.replace(/^\w+:/, (code) => toned(terminal.page('err'), 'bad', code));
}

function toFailure(error: unknown): Failure {
  if (error instanceof ExportError) {
    const { code, message, details } = error;
    const exitCode = code === 'UNEXPECTED' ? EXIT_BUG : EXIT_REFUSED;
    return { exitCode, code, message, details, text: `${code}: ${message}` };
  }
  if (error instanceof CommanderError) return usage(error);
  if (error instanceof Interrupted) {
    const { message } = error;
    return { exitCode: EXIT_INTERRUPTED, code: 'INTERRUPTED', message, text: message };
  }
  return isSystemError(error) ? system(error) : bug(error);
}

/** Of the operating system: a folder without rights, a full disk, a port in use. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return isNativeError(error) && 'code' in error && 'syscall' in error && 'errno' in error;
}

function system({ message }: NodeJS.ErrnoException): Failure {
  return { exitCode: EXIT_REFUSED, code: 'SYSTEM', message, text: `SYSTEM: ${message}` };
}

function bug(error: unknown): Failure {
  const message = isNativeError(error) ? error.message : String(error);
  const file = writeTrace(error);
  const trace = file === undefined ? `the following lines:\n${inspect(error)}` : `the file ${file}`;
  const text = `BUG: ${message}\nThis is a bug in temporal-mailchimp. Please report it, with ${trace}`;
  return { exitCode: EXIT_BUG, code: 'BUG', message, text };
}

/** Commander has already printed its text. It also throws for --help and --version, with exit code 0. */
function usage({ code, message, exitCode }: CommanderError): Failure {
  const isUsage = exitCode !== 0;
  return {
    exitCode: isUsage ? EXIT_USAGE : 0,
    code: 'USAGE',
    message: isUsage ? message.replace(/^error: /, '') : code,
  };
}
