import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { spawnOwned } from '../../src/dev/owned-process';
import { startSandbox } from '../../src/sandbox';

const EXAMPLE = resolve(__dirname, '../../examples/own-worker');
const run = promisify(execFile);

test('the example worker exports for the example client, and still runs its own workflow', async () => {
  const staging = await mkdtemp(join(tmpdir(), 'example-'));
  const sandbox = await startSandbox();
  const address = process.env['TEST_TEMPORAL_ADDRESS'] ?? '';
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: address,
    TASK_QUEUE: `example-${randomUUID()}`,
    DESTINATION: `example-${randomUUID().slice(0, 8)}`,
    STAGING_FOLDER: staging,
    MAILCHIMP_API_KEY: sandbox.apiKey,
    MAILCHIMP_BASE_URL: sandbox.url,
    AUDIENCE_ID: '1a2b3c4d5e',
  };
  const stops: (() => Promise<void>)[] = [];
  const running = new Promise<void>((resolveRunning) => {
    void spawnOwned({
      command: process.execPath,
      args: [join(EXAMPLE, 'worker.mjs')],
      env,
      onLine: (line) => line.includes('RUNNING') && resolveRunning(),
    }).then((worker) => stops.push(() => worker.stop()));
  });
  const connection = await Connection.connect({ address });
  try {
    await running;
    const { stdout } = await run(process.execPath, [join(EXAMPLE, 'client.mjs')], { env });
    expect(JSON.parse(stdout)).toMatchObject({ created: 21, unproven: 0, rejected: 0 });
    expect(sandbox.state('1a2b3c4d5e').tags).toEqual({ 'North America': 21 });
    const greeting = new Client({ connection }).workflow.execute('greet', {
      taskQueue: env.TASK_QUEUE,
      workflowId: `greet-${randomUUID()}`,
      args: ['Grace'],
    });
    expect(await greeting).toBe('Hello, Grace!');
  } finally {
    for (const stop of stops) await stop();
    await connection.close();
    await sandbox.close();
    await rm(staging, { recursive: true, force: true });
  }
});
