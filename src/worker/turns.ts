import type { NativeConnection } from '@temporalio/worker';

export interface Turn {
  /** Resolves when everybody who came before has ended. */
  readonly begins: Promise<void>;
  readonly end: () => void;
}

const lines = new WeakMap<NativeConnection, Map<string, Promise<void>>>();

/**
 * A connection takes one worker a queue, and fails the second. Plugins of one process that share a connection therefore take turns:
 * the worker of the first serves all of them, and when it ends the next one takes over.
 */
export function takeTurn(connection: NativeConnection, queue: string): Turn {
  const line = lines.get(connection) ?? new Map<string, Promise<void>>();
  lines.set(connection, line);
  const begins = line.get(queue) ?? Promise.resolve();
  let end!: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  line.set(
    queue,
    begins.then(() => ended),
  );
  return { begins, end };
}
