import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

const OUTPUT_KEPT = 8_192;
const STOP_GRACE_MS = 10_000;

// Reads until its stdin ends, which happens when the parent ends for any reason, SIGKILL included; then stops the process
// group $1. Exit and signal handlers would miss SIGKILL and conflict with those of a Temporal Worker.
const WATCHDOG = `while read -r _; do :; done
kill -s TERM -- "-$1"
tries=0
while kill -s 0 -- "-$1" && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.2; done
kill -s KILL -- "-$1"`;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

/** A child process that ends with this process. */
export interface OwnedProcess {
  readonly pid: number;
  /** Resolves with a description of the end, such as `exit code 1` or `signal SIGKILL`; never rejects. */
  readonly ended: Promise<string>;
  /** The last 8 KB of its standard output and error together. */
  output(): string;
  /** Lets this process end, and the child with it, while the child still runs. */
  unref(): void;
  /** SIGTERM, and SIGKILL after ten seconds. Resolves when the child has ended. May be called again. */
  stop(): Promise<void>;
  /** Like `stop`, with SIGKILL immediately. */
  kill(): Promise<void>;
}

/** Rejects when the command cannot be started. */
export async function spawnOwned(options: Command): Promise<OwnedProcess> {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // In its own process group, so that Ctrl-C in a terminal reaches only this process: a worker that shuts down gracefully
    // still needs its server.
    detached: true,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = captureOutput(child, options.onLine);
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  await once(child, 'spawn');
  const pid = child.pid!;
  const watchdog = startWatchdog(pid);
  child.once('exit', () => watchdog.kill('SIGKILL'));
  return {
    pid,
    ended,
    output,
    unref: () => unref(child),
    stop: () => stop(child, ended, 'SIGTERM'),
    kill: () => stop(child, ended, 'SIGKILL'),
  };
}

function startWatchdog(group: number): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  });
  // Without a shell (Windows) the child is not watched.
  watchdog.once('error', () => undefined);
  unref(watchdog);
  return watchdog;
}

function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

async function stop(child: ChildProcess, ended: Promise<string>, first: NodeJS.Signals): Promise<void> {
  const running = () => child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals) => {
    try {
      if (running()) process.kill(-child.pid!, name);
    } catch {
      // It ended between the check and the signal.
    }
  };
  signal(first);
  // Deliberately not unrefed: it keeps this process alive until the child has ended.
  const timer = setTimeout(() => signal('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}

function captureOutput(child: ChildProcess, onLine?: (line: string) => void): () => string {
  let kept = '';
  for (const stream of [child.stdout, child.stderr]) {
    let partial = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept = (kept + text).slice(-OUTPUT_KEPT);
      if (!onLine) return;
      const lines = (partial + text).split('\n');
      partial = lines.pop()!;
      lines.forEach((line) => onLine(line));
    });
  }
  return () => kept.trim();
}
