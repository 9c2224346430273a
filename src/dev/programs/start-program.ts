import { EventEmitter, once } from 'node:events';
import { spawnOwned, type OwnedProcess } from '../owned-process';

export interface Started {
  readonly process: OwnedProcess;
  /** What stood after `ready` in the line that told so. */
  readonly told: string;
}

/**
 * How the README advises to start a worker. Left to itself, V8 lets garbage pile up as the machine's memory allows: a worker that
 * needs 200 MB of heap takes 700 on a machine with 24 GB.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--max-old-space-size=512'];

export interface ProgramOptions {
  /** Beside the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeFlags?: readonly string[];
}

/**
 * Starts one of our own node programs and waits until it says `ready`.
 *
 * @param program path of its file
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  { env, nodeFlags = [] }: ProgramOptions = {},
): Promise<Started> {
  const teller = new EventEmitter();
  const ready = once(teller, 'ready') as Promise<[string]>;
  const owned = await spawnOwned({
    command: process.execPath,
    args: [...nodeFlags, program, ...args],
    env: { ...process.env, ...env },
    onLine: (line) => {
      if (line === 'ready' || line.startsWith('ready ')) teller.emit('ready', line.slice('ready '.length));
    },
  });
  const died = owned.ended.then((how) => {
    throw new Error(`${program} ended (${how}) before it was ready:\n${owned.output()}`);
  });
  // Later ends are of interest to nobody here.
  died.catch(() => undefined);
  const [told] = await Promise.race([ready, died]);
  return { process: owned, told };
}
