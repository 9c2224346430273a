import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { makeHostProject, type HostProject } from '../plugin/host-project';
import { EXAMPLE_AUDIENCE, startExample, type RunningExample } from '../support/examples';
import { until } from '../support/until';

const EXAMPLES = resolve(__dirname, '../../examples');

describe.each(['esm', 'commonjs'])('the example for %s', (kind) => {
  let project: HostProject;
  let example: RunningExample;

  beforeEach(async () => {
    const files = await Promise.all([filesOf(kind), filesOf('chinook/data')]);
    project = await makeHostProject({ files: Object.assign({}, ...files) });
    example = await startExample({ folder: project.path(kind) });
  });

  afterEach(async () => {
    await example.close();
    await project.close();
  });

  test('compiles, exports, still runs its own workflow, and prints a mistake as one line', async () => {
    await (kind === 'esm' ? exportsFromAScript(example) : exportsFromAWebServer(example));
    expect(example.sandbox.state(EXAMPLE_AUDIENCE).tags).toEqual({ 'North America': 21 });
    expect(await executed(example, 'greet', 'Grace')).toBe('Hello, Grace!');
  });
});

async function exportsFromAScript({ run }: RunningExample): Promise<void> {
  const { stdout, stderr } = await run('export.js');
  expect(JSON.parse(stdout)).toMatchObject({ created: 21, unproven: 0, rejected: 0 });
  expect(stderr).toMatch(/^\w+: \d+ done$/m);

  const mistaken = run('export.js', { AUDIENCE_ID: 'none' });
  await expect(mistaken).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^AUDIENCE_MISMATCH: .*\n$/),
  });
  // Nothing listens on this port.
  await expect(run('export.js', { TEMPORAL_ADDRESS: '127.0.0.1:1' })).rejects.toMatchObject({
    stderr: expect.stringMatching(/^TEMPORAL_UNREACHABLE: .*\n$/),
  });
}

async function exportsFromAWebServer(example: RunningExample): Promise<void> {
  const { run, start } = example;
  // Two copies: what one starts, the other shows.
  const first = await listening(start);
  const second = await listening(start);
  const started = await ask(first, 'POST', '/exports');
  expect(started).toMatchObject({ status: 202, body: { number: 1, disposition: 'started' } });
  const path = `/exports/${String(started.body['exportId'])}`;
  const ended = await until(async () => {
    const shown = await ask(second, 'GET', path);
    // A busy machine may not answer in time; the server then says to ask again.
    if (shown.status === 503) return false;
    expect(shown.status).toBe(200);
    return 'outcomes' in shown.body && shown.body;
  });
  expect(ended).toMatchObject({ status: 'completed', outcomes: { created: 21, unproven: 0, rejected: 0 } });
  for (const [method, url] of [
    ['DELETE', path],
    ['GET', `/exports/${randomUUID()}`],
  ] as const)
    expect(await ask(first, method, url)).toMatchObject({ status: 404, body: { code: 'EXPORT_NOT_FOUND' } });

  const greeting = await executed(example, 'greetAndExport', 'Grace', example.env['DESTINATION']!);
  expect(greeting).toBe('Hello, Grace! 0 contacts changed.');

  await expect(run('server.js', { AUDIENCE_ID: 'none' })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^AUDIENCE_MISMATCH: .*\n$/),
  });
}

async function listening(start: RunningExample['start']): Promise<string> {
  const { port } = JSON.parse(await start('server.js', '"port":', { PORT: '0' })) as { port: number };
  return `http://127.0.0.1:${port}`;
}

async function ask(server: string, method: string, path: string) {
  const reply = await fetch(`${server}${path}`, { method });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

/** Runs a workflow of the example's own. */
async function executed(
  { env }: RunningExample,
  workflow: 'greet' | 'greetAndExport',
  ...args: readonly string[]
): Promise<string> {
  const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS']! });
  try {
    return await new Client({ connection }).workflow.execute(workflow, {
      taskQueue: env['TASK_QUEUE']!,
      workflowId: `${workflow}-${randomUUID()}`,
      args: [...args],
    });
  } finally {
    await connection.close();
  }
}

/** Texts of the files of a folder, by their paths below the examples. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(EXAMPLES, folder))).filter((name) => /\.(ts|json|csv)$/.test(name));
  const texts = names.map(
    async (name) => [`${folder}/${name}`, await readFile(join(EXAMPLES, folder, name), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
