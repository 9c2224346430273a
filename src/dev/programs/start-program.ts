import { EventEmitter, once } from 'node:events';
import { spawnOwned, type OwnedProcess } from '../owned-process';

export interface Started {
  readonly process: OwnedProcess;
  /** The text after `ready` in the line with which the program reports that it is ready. */
  readonly readyText: string;
}

/**
 * The flags that the README recommends for a worker. Without a limit, V8 collects garbage later the more memory the machine has: a
 * worker that needs 200 MB of heap takes 700 MB on a machine with 24 GB.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--max-old-space-size=512'];

export interface ProgramOptions {
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeFlags?: readonly string[];
}

/**
 * Starts one of this package's Node.js programs and waits until it prints `ready`.
 *
 * @param program path of the file
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  { env, nodeFlags = [] }: ProgramOptions = {},
): Promise<Started> {
  const output = new EventEmitter();
  const ready = once(output, 'ready') as Promise<[string]>;
  const owned = await spawnOwned({
    command: process.execPath,
    args: [...nodeFlags, program, ...args],
    env: { ...process.env, ...env },
    onLine: (line) => {
      if (line === 'ready' || line.startsWith('ready ')) output.emit('ready', line.slice('ready '.length));
    },
  });
  const died = owned.ended.then((how) => {
    throw new Error(`${program} ended (${how}) before it was ready:\n${owned.output()}`);
  });
  // Once the program is ready, its end is not an error here.
  died.catch(() => undefined);
  const [readyText] = await Promise.race([ready, died]);
  return { process: owned, readyText };
}
