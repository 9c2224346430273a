import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';

const MAIN = resolve(__dirname, '../../dist/cli/main.js');

export interface Printed {
  readonly code: number;
  /** As the process wrote it, with line feeds alone. On a terminal, also what it wrote to standard error. */
  readonly output: string;
  /** Without colours and cursor movements. */
  readonly lines: readonly string[];
}

export interface PrintOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder to run in. */
  readonly cwd?: string;
}

export interface TerminalOptions extends PrintOptions {
  /** @default 80 */
  readonly columns?: number;
  /** Presses Ctrl-C when this is shown. */
  readonly stopAt?: RegExp;
  /** Keys that are typed, one after the other, each when its text is shown after the one before. */
  readonly type?: readonly (readonly [shown: string, keys: string])[];
}

/** Runs the built program on a pseudo-terminal. */
export function printOnTerminal(
  argv: readonly string[],
  { columns = 80, env, cwd, stopAt, type = [] }: TerminalOptions = {},
): Promise<Printed> {
  const terminal = spawn(process.execPath, [MAIN, ...argv], {
    cols: columns,
    rows: 50,
    env: environment({ TERM: 'xterm-256color', ...env }),
    ...(cwd !== undefined && { cwd }),
  });
  let output = '';
  let isStopped = false;
  const waiting = [...type];
  let seen = 0;
  const typeNext = () => {
    const [next] = waiting;
    const text = stripVTControlCharacters(output);
    const at = next ? text.indexOf(next[0], seen) : -1;
    if (!next || at < 0) return;
    waiting.shift();
    seen = text.length;
    terminal.write(next[1]);
  };
  terminal.onData((data) => {
    output += data;
    typeNext();
    if (isStopped || !stopAt?.test(output)) return;
    isStopped = true;
    terminal.write('\u0003');
  });
  return new Promise((done) => terminal.onExit(({ exitCode }) => done(printed(exitCode, output))));
}

/** Runs the built program with its standard output and standard error in pipes. */
export function printToPipe(
  argv: readonly string[],
  { env, cwd }: PrintOptions = {},
): Promise<Printed & { readonly errors: string }> {
  return new Promise((done) => {
    const options = {
      env: environment({ TERM: 'xterm-256color', ...env }),
      ...(cwd !== undefined && { cwd }),
    };
    execFile(process.execPath, [MAIN, ...argv], options, (error, output, errors) =>
      done({ ...printed(error ? Number(error.code) : 0, output), errors }),
    );
  });
}

/** Without what jest, CI and the shell of the developer say about colours: Node takes a terminal of CI for one without. */
function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  const { CI: _ci, FORCE_COLOR: _force, NO_COLOR: _none, ...rest } = process.env;
  const set = Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return { ...(Object.fromEntries(set) as Record<string, string>), ...more };
}

function printed(code: number, raw: string): Printed {
  const output = raw.replaceAll('\r\n', '\n');
  return { code, output, lines: stripVTControlCharacters(output).split('\n') };
}
