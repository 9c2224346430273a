import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** What a command may touch of the world around it; a test brings its own. */
export interface Terminal {
  /** Writes lines to standard output: results, and nothing else. */
  readonly out: (text: string) => void;
  /** Writes lines to standard error: progress, hints, errors. */
  readonly err: (text: string) => void;
  /** A person reads standard error and can answer. */
  readonly isTty: boolean;
  /** Where a progress bar may draw. */
  readonly stderr: NodeJS.WritableStream;
  /** Asks a person. @throws Interrupted at Ctrl-C, or when the input ends */
  readonly ask: (question: string) => Promise<string>;
  /** Calls back at SIGINT and SIGTERM until the returned function is called. */
  readonly onStop: (listener: () => void) => () => void;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    isTty: process.stdin.isTTY && process.stderr.isTTY,
    stderr: process.stderr,
    ask,
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
  // In raw mode Ctrl-C is no signal, and without this the question would never end.
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

/** Somebody pressed Ctrl-C. The message says what goes on without them. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Stop {
  /** Resolves at the first Ctrl-C or SIGTERM. */
  readonly asked: Promise<void>;
  readonly off: () => void;
}

export function listenForStop(terminal: Terminal): Stop {
  const controller = new AbortController();
  const asked = once(controller.signal, 'abort').then(() => undefined);
  return { asked, off: terminal.onStop(() => controller.abort()) };
}
