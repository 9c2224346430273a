import { PassThrough } from 'node:stream';
import { main } from '../../src/cli/main';
import { PLAIN_PAGE } from '../../src/cli/text/page';
import { Interrupted, type Terminal } from '../../src/cli/shell/terminal';
import { scriptedPrompts } from './scripted-prompts';

export interface FakeTerminal extends Terminal {
  /** Everything on standard output so far. */
  readonly output: () => string;
  /** Everything on standard error so far, including the progress bar. */
  readonly errors: () => string;
  /** Presses Ctrl-C. */
  readonly interrupt: () => void;
}

export interface FakeTerminalOptions {
  /** The user's answers to prompts, then Ctrl-C. Set: the terminal is interactive. */
  readonly answers?: readonly string[];
}

export function fakeTerminal({ answers }: FakeTerminalOptions = {}): FakeTerminal {
  const output: string[] = [];
  const errors: string[] = [];
  const listeners = new Set<() => void>();
  const waiting = [...(answers ?? [])];
  const stream = new PassThrough();
  stream.on('data', (data: Buffer) => errors.push(data.toString()));
  const ask = (question: string) => {
    errors.push(`${question}\n`);
    const answer = waiting.shift();
    if (answer === undefined) throw new Interrupted('Nothing was changed.');
    return answer;
  };
  return {
    out: (text) => void output.push(`${text}\n`),
    err: (text) => void errors.push(`${text}\n`),
    isTty: answers !== undefined,
    page: () => PLAIN_PAGE,
    canRedraw: answers !== undefined,
    stderr: Object.assign(stream, { isTTY: answers !== undefined, columns: 120 }),
    ask: async (question) => ask(question),
    prompts: async () => scriptedPrompts(ask, (line) => errors.push(`${line}\n`)),
    onStop: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    output: () => output.join(''),
    errors: () => errors.join(''),
    interrupt: () => {
      for (const listener of listeners) listener();
    },
  };
}

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line in this process, to its end. */
export async function run(argv: readonly string[], options: FakeTerminalOptions = {}): Promise<Ran> {
  const terminal = fakeTerminal(options);
  const code = await main(argv, terminal);
  return { code, output: terminal.output(), errors: terminal.errors() };
}

/** Like `run`, with --json: parses the one document on standard output. */
export async function runJson(argv: readonly string[]): Promise<Ran & { document: unknown }> {
  const ran = await run([...argv, '--json']);
  return { ...ran, document: JSON.parse(ran.output) as unknown };
}
