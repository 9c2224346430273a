import { once } from 'node:events';
import type { Terminal } from './terminal';

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
