import { main } from '../../src/cli/main';
import { until } from '../support/until';
import { fakeTerminal } from './terminal';

export interface SandboxDocument {
  readonly url: string;
  readonly apiKey: string;
  readonly port: number;
}

export async function get({ url, apiKey }: SandboxDocument, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
}

/** Runs a command that goes on until Ctrl-C, and waits for its one document. */
export async function begin(argv: readonly string[], use: (document: unknown) => Promise<void>) {
  const terminal = fakeTerminal();
  const running = main([...argv, '--json'], terminal);
  const ended = running.then((code) => {
    throw new Error(`${argv[0]} ended with exit code ${code}: ${terminal.errors()}${terminal.output()}`);
  });
  try {
    await Promise.race([until(async () => terminal.output() !== ''), ended]);
    await use(JSON.parse(terminal.output()));
  } finally {
    ended.catch(() => undefined);
    terminal.interrupt();
  }
  return { code: await running, errors: terminal.errors() };
}
