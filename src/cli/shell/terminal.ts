import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { lazy } from '../lazy';
import { pageOf, type Page } from '../text/page';
import type { Prompts } from './prompts';

/** The terminal of a command; tests pass their own. */
export interface Terminal {
  /** Writes lines to standard output: only results. */
  readonly out: (text: string) => void;
  /** Writes lines to standard error: progress, hints, errors. */
  readonly err: (text: string) => void;
  /** Whether a user reads standard error and can answer prompts. */
  readonly isTty: boolean;
  /** What standard output and standard error print on, as it is now: a window can change its size. */
  readonly page: (stream: 'out' | 'err') => Page;
  /** Whether standard error is a terminal on which a line can be written again. */
  readonly canRedraw: boolean;
  /** The stream for a progress bar. */
  readonly stderr: NodeJS.WritableStream;
  /** Prompts the user. @throws Interrupted at Ctrl-C, or when the input ends */
  readonly ask: (question: string) => Promise<string>;
  /** Questions with proposals and choices, for a guided setup. Only where `isTty`. */
  readonly prompts: () => Promise<Prompts>;
  /** Calls the listener at SIGINT and SIGTERM until the returned function is called. */
  readonly onStop: (listener: () => void) => () => void;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    isTty: process.stdin.isTTY && process.stderr.isTTY,
    page: (stream) => pageOf(stream === 'out' ? process.stdout : process.stderr),
    canRedraw: process.stderr.isTTY && process.env['TERM'] !== 'dumb',
    stderr: process.stderr,
    ask,
    prompts: () => lazy.prompts().openTerminalPrompts(),
    onStop: (listener) => {
      process.on('SIGINT', listener);
      process.on('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
  };
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // In raw mode Ctrl-C is not a signal; without this, the prompt would never end.
  const stopped = new Promise<never>((_resolve, reject) => {
    lines.once('SIGINT', () => reject(new Interrupted('Nothing was changed.')));
    lines.once('close', () => reject(new Interrupted('Nothing was changed.')));
  });
  try {
    return await Promise.race([lines.question(question), stopped]);
  } finally {
    lines.close();
  }
}

/** Ctrl-C was pressed. The message says what continues. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Stop {
  /** Resolves at the first Ctrl-C or SIGTERM. */
  readonly requested: Promise<void>;
  readonly off: () => void;
}

export function listenForStop(terminal: Terminal): Stop {
  const controller = new AbortController();
  const requested = once(controller.signal, 'abort').then(() => undefined);
  return { requested, off: terminal.onStop(() => controller.abort()) };
}
