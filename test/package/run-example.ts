import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { startSandbox } from '../../src/sandbox';
import type { Project } from './project';

const run = promisify(execFile);
const AUDIENCE = 'a1b2c3d4e5';

export interface ExampleResult {
  readonly outcomes: Record<string, number>;
  /** Members of the sandbox by tag. */
  readonly tags: Record<string, number>;
}

/** Runs the package's example, a host's worker with the plugin and a client that exports, in a project, with that Node. */
export async function runExample({ folder }: Project, node = process.execPath): Promise<ExampleResult> {
  const staging = await mkdtemp(join(tmpdir(), 'staging-'));
  const sandbox = await startSandbox();
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS'] ?? '',
    TASK_QUEUE: `packed-${randomUUID()}`,
    DESTINATION: `packed-${randomUUID().slice(0, 8)}`,
    STAGING_FOLDER: staging,
    MAILCHIMP_API_KEY: sandbox.apiKey,
    MAILCHIMP_BASE_URL: sandbox.url,
    AUDIENCE_ID: AUDIENCE,
  };
  const example = (file: string): string => join(folder, 'examples/own-worker', file);
  const worker = await startWorker(node, example('worker.mjs'), env);
  try {
    const { stdout } = await run(node, [example('client.mjs')], { env });
    return { outcomes: JSON.parse(stdout), tags: sandbox.state(AUDIENCE).tags };
  } finally {
    await worker.stop();
    await sandbox.close();
    await rm(staging, { recursive: true, force: true });
  }
}

async function startWorker(node: string, file: string, env: NodeJS.ProcessEnv): Promise<OwnedProcess> {
  let report!: () => void;
  const running = new Promise<void>((resolve) => {
    report = resolve;
  });
  const onLine = (line: string): void => void (line.includes('RUNNING') && report());
  const worker = await spawnOwned({ command: node, args: [file], env, onLine });
  const died = await Promise.race([running, worker.ended]);
  if (died !== undefined) throw new Error(`The worker ended with ${died}:\n${worker.output()}`);
  return worker;
}
