import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { startSandbox, type Sandbox } from '../../src/sandbox';

const run = promisify(execFile);
const TSC = resolve(__dirname, '../../node_modules/typescript/bin/tsc');

export const EXAMPLE_AUDIENCE = 'a1b2c3d4e5';

/** An example that runs in a project where the package is installed: its worker, and a sandbox. */
export interface RunningExample {
  readonly sandbox: Sandbox;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a program of the example to its end. */
  readonly run: (
    program: string,
    env?: NodeJS.ProcessEnv,
  ) => Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** Starts a program of the example. Resolves when it has printed a line that contains `ready`, with that line. */
  readonly start: (program: string, ready: string, env?: NodeJS.ProcessEnv) => Promise<string>;
  /** Lines that its worker has printed. */
  readonly printed: () => readonly string[];
  close(): Promise<void>;
}

export interface ExampleOptions {
  /** Its folder, below a folder whose `node_modules` has the package, and beside the folder `chinook`. */
  readonly folder: string;
  /** The Node that runs it. @default the one that runs the tests */
  readonly node?: string;
  /** Beside the variables that every example has. */
  readonly env?: NodeJS.ProcessEnv;
}

/** As its own tsconfig says. */
export async function compileExample(folder: string): Promise<void> {
  await run(process.execPath, [TSC, '-p', folder]);
}

/** Compiles an example, and starts its worker. */
export async function startExample({
  folder,
  node = process.execPath,
  env: more = {},
}: ExampleOptions): Promise<RunningExample> {
  await compileExample(folder);
  const printed: string[] = [];
  const sandbox = await startSandbox({ audiences: [{ id: EXAMPLE_AUDIENCE, name: 'Newsletter' }] });
  const shared = {
    ...process.env,
    TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS'] ?? '',
    TASK_QUEUE: `example-${randomUUID()}`,
    DESTINATION: `example-${randomUUID().slice(0, 8)}`,
    STAGING_FOLDER: join(folder, 'staging'),
    MAILCHIMP_API_KEY: sandbox.apiKey,
    MAILCHIMP_BASE_URL: sandbox.url,
    AUDIENCE_ID: EXAMPLE_AUDIENCE,
    ...more,
  };
  const started: OwnedProcess[] = [];
  const example: RunningExample = {
    sandbox,
    env: shared,
    run: (program, env = {}) =>
      run(node, [join(folder, 'dist', program)], { cwd: folder, env: { ...shared, ...env } }),
    start: async (program, ready, env = {}) => {
      let isReady!: (line: string) => void;
      const readyLine = new Promise<string>((resolveReady) => {
        isReady = resolveReady;
      });
      const owned = await spawnOwned({
        command: node,
        args: [join(folder, 'dist', program)],
        cwd: folder,
        env: { ...shared, ...env },
        onLine: (line) => {
          printed.push(line);
          if (line.includes(ready)) isReady(line);
        },
      });
      started.push(owned);
      const ended = owned.ended.then((how) => {
        throw new Error(`${program} ended with ${how}:\n${owned.output()}`);
      });
      return Promise.race([readyLine, ended]);
    },
    printed: () => printed,
    close: async () => {
      for (const owned of started) await owned.stop();
      await sandbox.close();
    },
  };
  try {
    await example.start('worker.js', 'RUNNING');
    return example;
  } catch (error) {
    await example.close();
    throw error;
  }
}
